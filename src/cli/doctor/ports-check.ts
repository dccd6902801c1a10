/**
 * Ports that nodes of this home listen on when they run: whether another program has taken one meanwhile. A node that
 * does not run has left in its folder where it was reached.
 */
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { CONTACT_FILE } from '../../roles/contact-file.ts'
import { asRecord, parseJson } from '../../core/json.ts'
import { commandLineOf, isAlive } from '../process-facts.ts'
import { ownerOfPort } from './node-processes.ts'
import type { Check, CheckContext, Finding } from './check.ts'

export const portsCheck: Check = { section: 'ports', run: checkPorts }

interface Wanted {
  /** Of the folder of the node that had it. */
  name: string
  what: string
  kind: 'tcp' | 'udp'
  host: string
  port: number
}

/** Of an address of IPv4 or IPv6, by TCP or UDP. */
const ADDRESS = /^\/ip[46]\/([^/]+)\/(tcp|udp)\/(\d+)/
const WORDS_MAX = 80

async function checkPorts({ home }: CheckContext): Promise<Finding[]> {
  if (statSync(home, { throwIfNoEntry: false }) === undefined) return []
  const folders = readdirSync(home, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const wanted = folders.flatMap(({ name }) => [
    ...portsOfBootstrap(name, join(home, name)),
    ...portOfRouter(name, join(home, name))
  ])
  const findings = await Promise.all(
    unique(wanted).map(async (one) => ((await isFree(one)) ? [] : [taken(one)]))
  )
  return findings.flat()
}

function portsOfBootstrap(name: string, folder: string): Wanted[] {
  const { addresses, pid } = fileIn(join(folder, CONTACT_FILE))
  if (!Array.isArray(addresses) || isAlive(Number(pid))) return []
  return addresses.flatMap((address): Wanted[] => {
    const [, host, kind, port] = ADDRESS.exec(String(address)) ?? []
    if (host === undefined || String(address).includes('/p2p-circuit')) return []
    return [
      { name, what: 'its port', kind: kind === 'udp' ? 'udp' : 'tcp', host, port: Number(port) }
    ]
  })
}

function portOfRouter(name: string, folder: string): Wanted[] {
  const { pid, url } = fileIn(join(folder, 'api.json'))
  if (typeof url !== 'string' || !URL.canParse(url) || isAlive(Number(pid))) return []
  const { hostname: host, port } = new URL(url)
  return [{ name, what: 'the port of its API', kind: 'tcp', host, port: Number(port) }]
}

/** One port of many addresses is listened on once, by whichever of them. */
function unique(wanted: readonly Wanted[]): Wanted[] {
  const byPort = new Map(wanted.map((one) => [`${one.name} ${one.kind} ${one.port}`, one]))
  return [...byPort.values()].filter(({ port }) => port > 0)
}

/** What nobody listens on, one may listen on for a moment. An address that is this machine's no more takes nothing. */
async function isFree({ host, kind, port }: Wanted): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const onError = ({ code }: NodeJS.ErrnoException): void => resolve(code !== 'EADDRINUSE')
  if (kind === 'tcp') {
    const server = createServer().once('error', onError)
    server.listen({ host, port }, () => server.close(() => resolve(true)))
  } else {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4').once('error', onError)
    socket.bind(port, host, () => socket.close(() => resolve(true)))
  }
  return await promise
}

function taken({ kind, name, port, what }: Wanted): Finding {
  const owner = kind === 'tcp' ? ownerOfPort(port) : undefined
  const words = owner === undefined ? '' : commandLineOf(owner).join(' ').slice(0, WORDS_MAX)
  const who = owner === undefined ? 'another program' : `process ${owner} (${words})`
  return {
    severity: 'warning',
    what: `${name} does not run, and ${what} (${kind} ${port}) is taken by ${who}`,
    why: 'with the same settings it does not start; and who dials it there meets somebody else',
    remedy: `stop that program, or start ${name} on another port; \`ss -lptn\` shows whose ports are whose`
  }
}

/** Nothing of one that is not there, or not for us. */
function fileIn(path: string): Record<string, unknown> {
  try {
    return asRecord(parseJson(readFileSync(path, 'utf8')))
  } catch {
    return {}
  }
}
