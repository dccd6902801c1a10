/**
 * An operator's visit to the nodes that let others in: whom they know, what is decided about them, and who has heard
 * of it. Several know different members, and all of them are asked.
 */
import { MeshError } from '../core/errors.ts'
import { bootstrapsIn, noAuthorityError } from './home-mesh.ts'
import { homeOf } from './router-connection.ts'
import { bootstrapsNamed, enterMesh, visitorOf } from './mesh-visit.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { Args } from './args.ts'
import type {
  DecideMemberParams,
  DecideMemberResult
} from '../model/generated/commands-decide-member.ts'
import type { MemberView } from '../model/generated/commands-list-members.ts'
import type { MeshClient } from '../client/mesh-client.ts'
import type { Terminal } from './terminal.ts'

export interface KnownMember extends MemberView {
  /** Address of the node that knows it. */
  issuer: string
}

const MEMBERS_PER_PAGE = 1_000
/** What one message carries. */
const NOTICES_MAX = 1_000
/** A node that was asked whether it has heard is not waited for much longer. */
const HEARD_TIMEOUT_MS = 3_000
const PEER_IN_ADDRESS = /\/p2p\/([^/]+)$/

/** @throws MeshError COMMAND_FORBIDDEN (no operator's home), PEER_UNREACHABLE */
export async function visitAsOperator<T>(
  args: Args,
  terminal: Terminal,
  work: (visit: OperatorVisit) => Promise<T>
): Promise<T> {
  const home = homeOf(args)
  const visit = await visitorOf(args)
  if (visit.entry === undefined || visit.role !== 'operator') throw noAuthorityError(home)
  const own = bootstrapsIn(home, visit.entry.meshId).flatMap(({ addresses }) => addresses)
  const addresses = [...new Set([...bootstrapsNamed(args), ...own, ...visit.entry.bootstrap])]
  if (addresses.length === 0) {
    throw new MeshError('PEER_UNREACHABLE', 'no bootstrap of the mesh is known here', {
      path: '--bootstrap',
      hint: 'name one with --bootstrap, or run this in the home of one'
    })
  }
  const { notices } = visit.entry
  return await enterMesh({ bootstrap: addresses, visit, ...terminal }, async (mesh) => {
    const desk = new OperatorVisit(mesh, addresses, terminal)
    // What the authority of this home has said while nobody was there to hear it.
    if (notices.length > 0) await desk.hand(notices.slice(-NOTICES_MAX))
    return await work(desk)
  })
}

export class OperatorVisit {
  readonly #mesh: MeshClient
  readonly #options: AbortOptions
  /** Of each bootstrap, whose PeerId may not be known before it is dialled. */
  readonly #ways: readonly (readonly string[])[]

  constructor(mesh: MeshClient, addresses: readonly string[], { signal }: AbortOptions) {
    this.#mesh = mesh
    this.#options = signal === undefined ? {} : { signal }
    const ways = Map.groupBy(addresses, (one) => PEER_IN_ADDRESS.exec(one)?.[1] ?? one)
    this.#ways = [...ways.values()]
  }

  /**
   * All whom they know, by PeerId. Of one that several know, what was decided last.
   * @throws MeshError COMMAND_NOT_SERVED (none of them lets others in), PEER_UNREACHABLE
   */
  async members(): Promise<KnownMember[]> {
    const all = await this.#fromAll((way) => this.#membersAt(way))
    const known = new Map<string, KnownMember>()
    for (const member of all.flat()) {
      const other = known.get(member.peer_id)
      if (other === undefined || changedAtMs(member) > changedAtMs(other)) {
        known.set(member.peer_id, member)
      }
    }
    return [...known.values()].toSorted((left, right) => (left.peer_id < right.peer_id ? -1 : 1))
  }

  /** Whichever of them answers first has it decided, for all. @throws MeshError as the issuer says */
  async decide(params: DecideMemberParams, issuer?: string): Promise<DecideMemberResult> {
    const to = issuer === undefined ? this.#ways.flat() : [issuer]
    return await oneAfterOther(to, (one) =>
      this.#mesh.ask(one, 'DECIDE_MEMBER', params, this.#options)
    )
  }

  /** Hands signed notices to every bootstrap. @returns those that have them now @throws where none has */
  async hand(notices: readonly string[]): Promise<string[]> {
    const params = { digest: '', notices: [...notices] }
    return await this.#fromAll(async (way) => {
      await this.#mesh.ask(way, 'SYNC_NOTICES', params, this.#options)
      return way
    })
  }

  /** Whether a node has heard of a notice. @throws MeshError what it answers, PEER_UNREACHABLE */
  async hasHeard(peer: string, noticeId: string): Promise<boolean> {
    const options = { ...this.#options, timeoutMs: HEARD_TIMEOUT_MS }
    const params = { digest: '', known: [noticeId] }
    const { wanted = [] } = await this.#mesh.ask(peer, 'SYNC_NOTICES', params, options)
    return !wanted.includes(noticeId)
  }

  /** From every bootstrap, by whichever of its addresses answers. @throws where none does */
  async #fromAll<T>(work: (way: string) => Promise<T>): Promise<T[]> {
    const answers = await Promise.allSettled(
      this.#ways.map((addresses) => oneAfterOther(addresses, work))
    )
    const good = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
    if (good.length > 0) return good
    throw mostTelling(
      answers.flatMap((answer) =>
        answer.status === 'rejected' ? [MeshError.from(answer.reason)] : []
      )
    )
  }

  async #membersAt(issuer: string): Promise<KnownMember[]> {
    const found: KnownMember[] = []
    for (;;) {
      const after = found.at(-1)?.peer_id
      const params = { limit: MEMBERS_PER_PAGE, ...(after === undefined ? {} : { after }) }
      // oxlint-disable-next-line no-await-in-loop -- page after page
      const { members } = await this.#mesh.ask(issuer, 'LIST_MEMBERS', params, this.#options)
      found.push(...members.map((member) => ({ ...member, issuer })))
      if (members.length < MEMBERS_PER_PAGE) return found
    }
  }
}

/** What the first says that answers. @throws where none does */
async function oneAfterOther<T>(
  ways: readonly string[],
  work: (way: string) => Promise<T>
): Promise<T> {
  const errors: MeshError[] = []
  for (const way of ways) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one is enough
      return await work(way)
    } catch (cause) {
      errors.push(MeshError.from(cause))
    }
  }
  throw mostTelling(errors)
}

function changedAtMs({ decided_at_ms: decidedAtMs, first_at_ms: firstAtMs }: MemberView): number {
  return decidedAtMs ?? firstAtMs
}

/** What a node that was reached has said tells more than that others were not. */
function mostTelling(errors: readonly MeshError[]): MeshError {
  const said = errors.find(
    ({ code }) => code !== 'PEER_UNREACHABLE' && code !== 'RESPONSE_TIMED_OUT'
  )
  return said ?? errors[0] ?? new MeshError('PEER_UNREACHABLE', 'no bootstrap is known')
}
