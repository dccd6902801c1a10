/** What a home says of its mesh before anybody is asked: where its bootstraps are, and which of its nodes run. */
import { join } from 'node:path'
import { isLoopbackAddress } from '../../config/address.ts'
import { loadIdentity } from '../../network/identity.ts'
import { loadMembership } from '../../membership/own-membership.ts'
import { MEMBER_ROLES } from '../../membership/documents.ts'
import { MeshError } from '../../core/errors.ts'
import { nodesIn } from '../../enrolment/home-nodes.ts'
import { isAlive } from '../process-facts.ts'
import { peerOf, publicRawOf } from '../../core/peer-keys.ts'
import { readContacts } from '../../roles/contact-file.ts'
import { readSecret } from '../../core/secret-file.ts'
import { valuesOf } from '../doctor/node-words.ts'
import type { ListenAddress, NodeProcess } from '../doctor/check.ts'
import type { MemberRole } from '../../membership/documents.ts'

/** All addresses by which one bootstrap may be reached. */
export interface Way {
  readonly peer: string | undefined
  readonly addresses: readonly string[]
}

/** A node of this home that runs. */
export interface OwnNode {
  readonly name: string
  readonly peer: string
  readonly role: MemberRole | undefined
  readonly isForOthers: boolean
  /** By which this machine reaches it. */
  readonly addresses: readonly string[]
}

/** More than any mesh has; what a home names may be old. */
const WAYS_MAX = 16
const WAY_ADDRESSES_MAX = 8

/**
 * Each bootstrap once, however often it is named.
 * @param named multiaddrs that are known from elsewhere
 */
export function waysFrom(
  home: string,
  nodes: readonly NodeProcess[],
  named: readonly string[]
): Way[] {
  const contacts = orNone(() => readContacts(home))
  const running = contacts.filter(({ pid }) => isAlive(pid)).flatMap(({ addresses }) => addresses)
  const joined = orNone(() => nodesIn(home)).flatMap(({ membership }) => membership.bootstrap)
  const told = nodes.flatMap((node) => valuesOf(node, 'bootstrap'))
  const all = [...new Set([...named, ...running, ...told, ...joined])]
  return waysOf(all, contacts)
}

function waysOf(
  addresses: readonly string[],
  contacts: readonly { peer_id: string; addresses: readonly string[] }[]
): Way[] {
  // One that is named without its peer id may be one that is known with it.
  const whole = addresses.map((address) => {
    const isKnown = (own: string): boolean => own === address || own.startsWith(`${address}/p2p/`)
    return (
      contacts.find((contact) => contact.addresses.some(isKnown))?.addresses.find(isKnown) ??
      address
    )
  })
  const groups = Map.groupBy(new Set(whole), (address) => peerAtEndOf(address) ?? address)
  return [...groups.values()].slice(0, WAYS_MAX).map((group) => ({
    peer: peerAtEndOf(group[0] ?? ''),
    addresses: group.slice(0, WAY_ADDRESSES_MAX)
  }))
}

/** Those whose key can be read; of the others the checks of keys speak. */
export async function ownNodes(
  home: string,
  nodes: readonly NodeProcess[],
  apiPorts: readonly number[]
): Promise<OwnNode[]> {
  const found = await Promise.all(
    nodes.map(async (node) => {
      const peer = await peerIn(join(home, node.name))
      if (peer === undefined) return []
      const listens = node.listens.filter(({ port }) => !apiPorts.includes(port))
      const addresses = listens.map((listen) => `${multiaddrOf(listen)}/p2p/${peer}`)
      return [
        {
          name: node.name,
          peer,
          role: roleOf(home, node),
          isForOthers: listens.some((listen) => !isLoopbackAddress(`${literalOf(listen)}/`)),
          addresses
        }
      ]
    })
  )
  return found.flat()
}

/** In which mesh the nodes of this home are, by what those have kept that have joined one. */
export function homeMembership(home: string): {
  isClosed: boolean
  networkKey: string | undefined
} {
  const joined = orNone(() => nodesIn(home))
  const keys = joined.flatMap(({ membership }) => membership.networkKey ?? [])
  return { isClosed: joined.length > 0, networkKey: keys[0] }
}

async function peerIn(folder: string): Promise<string | undefined> {
  const file = join(folder, 'key')
  try {
    // It would be made if it were not there.
    return readSecret(file) === undefined
      ? undefined
      : peerOf(publicRawOf(await loadIdentity(file)))
  } catch {
    return undefined
  }
}

function roleOf(home: string, { name, words }: NodeProcess): MemberRole | undefined {
  const folder = join(home, name)
  const certified = orNone(() => {
    const membership = loadMembership(folder)
    return membership === undefined ? [] : nodesIn(home).filter((node) => node.name === name)
  })
  const said = words.join(' ').split(' ')
  return certified[0]?.certificate.role ?? MEMBER_ROLES.find((role) => said.includes(role))
}

function multiaddrOf(listen: ListenAddress): string {
  const isAny = listen.host === '0.0.0.0' || listen.host === '::'
  return literalOf(isAny ? { ...listen, host: '127.0.0.1' } : listen)
}

function literalOf({ host, port }: ListenAddress): string {
  const mapped = host.replace(/^::ffff:/, '')
  return `/${mapped.includes(':') ? 'ip6' : 'ip4'}/${mapped}/tcp/${port}`
}

function peerAtEndOf(address: string): string | undefined {
  return /\/p2p\/([^/]+)$/.exec(address)?.[1]
}

/** What cannot be read the doctor's checks of files speak of. */
function orNone<T>(look: () => T[]): T[] {
  try {
    return look()
  } catch (cause) {
    if (cause instanceof MeshError) return []
    throw cause
  }
}
