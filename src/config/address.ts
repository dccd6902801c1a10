/** Addresses as people write them in settings and on the command line: which are of use here, and by which transport. */
import { multiaddr } from '@multiformats/multiaddr'
import { MeshError, messageOf } from '../core/errors.ts'
import type { Multiaddr } from '@multiformats/multiaddr'

/** TCP is always there; the others are for those who ask. */
export const TRANSPORT_NAMES = ['tcp', 'ws', 'quic'] as const
export type TransportName = (typeof TRANSPORT_NAMES)[number]

const LOOPBACK = /^\/(ip4\/127\.|ip6\/(::1|0*:0*:0*:0*:0*:0*:0*:0*1)\/|dns[46]?\/localhost\/)/

/** `127.0.0.1:51820`, as people write addresses elsewhere. */
const HOST_AND_PORT = /^(?:(\d+\.\d+\.\d+\.\d+)|([A-Za-z][\w.-]*)):(\d+)$/

/** True when only this machine can reach the address. */
export function isLoopbackAddress(address: string): boolean {
  return LOOPBACK.test(address)
}

/** By which transport an address is dialled or listened on; undefined of one that leaves that open. */
export function transportOf(address: Multiaddr): TransportName | undefined {
  const names = address.getComponents().map(({ name }) => name)
  // What follows is of the way from the relay on.
  const first = names.includes('p2p-circuit') ? names.slice(0, names.indexOf('p2p-circuit')) : names
  if (first.includes('quic-v1')) return 'quic'
  if (first.includes('ws') || first.includes('wss')) return 'ws'
  return first.includes('tcp') ? 'tcp' : undefined
}

/** Whoever names an address of a transport asks for that transport. */
export function transportsFor(
  names: readonly TransportName[],
  addresses: readonly string[]
): readonly TransportName[] {
  const named = addresses.map((text) => transportOf(multiaddr(text)) ?? 'tcp')
  return [...new Set<TransportName>(['tcp', ...names, ...named])]
}

/** An address that can be dialled. @throws MeshError FIELD_INVALID */
export function checkAddress(text: string, path: string): string {
  const address = readAddress(text, path)
  // A DNS record may hold one of any transport; the memory transport is for tests.
  if (transportOf(address) !== undefined || /\/(dnsaddr|memory)\//.test(text)) return text
  const [, host] = /^(\/\w+\/[^/]+)\//.exec(text) ?? []
  throw new MeshError('FIELD_INVALID', `"${text}" is not an address over TCP, WebSocket or QUIC`, {
    path,
    hint: `write ${host ?? '/ip4/127.0.0.1'}/tcp/51820, or …/tcp/51820/ws, or …/udp/51820/quic-v1`
  })
}

/** An address that can be listened on. @throws MeshError FIELD_INVALID */
export function checkListen(text: string, path: string): string {
  checkAddress(text, path)
  const names = multiaddr(text)
    .getComponents()
    .map(({ name }) => name)
  if (names.includes('dnsaddr')) {
    throw new MeshError('FIELD_INVALID', `"${text}" is a name, and none of this machine's`, {
      path,
      hint: 'listen on /ip4/0.0.0.0/tcp/51820, and tell others the name with `announce`'
    })
  }
  if (names.includes('wss') || names.includes('tls')) {
    throw new MeshError('FIELD_INVALID', `"${text}" needs a web server's certificate`, {
      path,
      hint: 'listen on …/tcp/PORT/ws behind a reverse proxy that has one, and announce /dns4/NAME/tcp/443/wss'
    })
  }
  return text
}

function readAddress(text: string, path: string): Multiaddr {
  try {
    return multiaddr(text)
  } catch (cause) {
    const why = text.startsWith('/') ? `: ${messageOf(cause)}` : ''
    throw new MeshError('FIELD_INVALID', `"${text}" is not an address${why}`, {
      path,
      hint: addressHint(text)
    })
  }
}

function addressHint(text: string): string {
  const [, ip, name, port] = HOST_AND_PORT.exec(text) ?? []
  if (port === undefined) return 'write it as /ip4/127.0.0.1/tcp/51820'
  return `did you mean /${ip === undefined ? `dns/${name}` : `ip4/${ip}`}/tcp/${port}?`
}
