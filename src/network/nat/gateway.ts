/** What a gateway that gives ports away is asked for, by whatever protocol, and where it is. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { AbortOptions } from '../../core/abort.ts'
import type { PortMapping } from './own-addresses.ts'

/** A mapping, for so long. */
export interface Lease extends PortMapping {
  /** Infinity: until it is taken back. */
  lifetimeMs: number
}

export interface PortRequest {
  protocol: PortMapping['protocol']
  internalPort: number
  /** Wished for; the gateway may give another. */
  externalPort: number
}

/** A gateway that has answered. */
export interface Gateway {
  /** For logs. */
  readonly kind: 'NAT-PMP' | 'UPnP'
  /** This machine's address on the gateway's network. */
  readonly internalHost: string
  /** Also renews a lease that it has given. @throws where it refuses or says nothing */
  map: (request: PortRequest, options?: AbortOptions) => Promise<Lease>
  unmap: (lease: Lease, options?: AbortOptions) => Promise<void>
}

/** Asked for; renewed at half of it, so that a gateway that has started anew has it again before long. */
export const LEASE_SECONDS = 3_600

/** A line of Linux's routing table whose destination and mask are zero; the gateway is in the machine's byte order. */
const LINUX_DEFAULT = /^\S+\s+00000000\s+([0-9A-F]{8})\s+\S+\s+\S+\s+\S+\s+\S+\s+00000000\s/m
/** `default 192.168.1.1 …` on macOS, `0.0.0.0 0.0.0.0 192.168.1.1 …` on Windows. */
const NETSTAT_DEFAULT = /^\s*(?:default|0\.0\.0\.0\s+0\.0\.0\.0)\s+(\d+\.\d+\.\d+\.\d+)\s/m

/** The IPv4 address of the default gateway, if there is one. */
export async function defaultGateway(): Promise<string | undefined> {
  if (process.platform === 'linux') {
    return gatewayInRoutes(await readFile('/proc/net/route', 'utf8').catch(() => ''))
  }
  const listing = await promisify(execFile)('netstat', ['-rn']).catch(() => ({ stdout: '' }))
  return gatewayInNetstat(listing.stdout)
}

/** @param table as in /proc/net/route */
export function gatewayInRoutes(table: string): string | undefined {
  const [, hex] = LINUX_DEFAULT.exec(table) ?? []
  if (hex === undefined || hex === '00000000') return undefined
  return [...Buffer.from(hex, 'hex')].toReversed().join('.')
}

/** @param listing as `netstat -rn` prints it */
export function gatewayInNetstat(listing: string): string | undefined {
  return NETSTAT_DEFAULT.exec(listing)?.[1]
}
