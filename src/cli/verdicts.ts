/**
 * Bans and pardons, from the machine of an operator: signed by the authority where its key is at hand, by a node that
 * lets others in where it is not; then handed round, and looked who has heard.
 */
import { MeshError } from '../core/errors.ts'
import { announceByAuthority, loadAuthority } from '../membership/authority.ts'
import { nodesIn } from '../enrolment/home-nodes.ts'
import { noticeIdOf } from '../membership/notices.ts'
import { homeOf } from './router-connection.ts'
import { sleep } from '../core/abort.ts'
import { systemClock } from '../core/clock.ts'
import { visitAsOperator } from './operator-visit.ts'
import type { Args } from './args.ts'
import type { KnownMember, OperatorVisit } from './operator-visit.ts'
import type { MemberRole } from '../membership/documents.ts'
import type { Terminal } from './terminal.ts'

export interface Verdict {
  subject: string
  decision: 'ban' | 'pardon'
  reason: string | undefined
}

/** How far it has got. */
export interface Spread {
  subject: string
  decision: 'ban' | 'pardon'
  /** Nodes that were asked. */
  asked: number
  /** Those of them that know. */
  know: number
  /** Of a token: those who came by it. */
  members: string[]
  /** Nobody was reached: it is kept beside the authority's key. */
  is_kept: boolean
}

/** Those who come and go: they hear of it when they come. */
const VISITORS: readonly (MemberRole | undefined)[] = ['client', 'operator']
/** A notice is passed on at once; in a mesh that is a few nodes deep this will do. */
const SPREAD_MS = 5_000
const POLL_MS = 250
/** Who asks more has the answer later than it is of use. */
const ASKED_MAX = 256

/**
 * @param find what is meant, if it is not whole: among those that the mesh knows
 * @throws MeshError COMMAND_FORBIDDEN, PEER_UNREACHABLE (and the key is not here), NODE_NOT_FOUND
 */
export async function pronounce(
  args: Args,
  terminal: Terminal,
  verdict: Verdict,
  find: (part: string, members: readonly KnownMember[]) => string
): Promise<Spread> {
  try {
    return await visitAsOperator(args, terminal, (visit) => pronounceAt(visit, args, verdict, find))
  } catch (cause) {
    if (MeshError.from(cause).code !== 'PEER_UNREACHABLE') throw cause
    return await keep(args, { ...verdict, subject: find(verdict.subject, []) }, cause)
  }
}

async function pronounceAt(
  visit: OperatorVisit,
  args: Args,
  verdict: Verdict,
  find: (part: string, members: readonly KnownMember[]) => string
): Promise<Spread> {
  const { decision, reason } = verdict
  // A bootstrap that lets nobody in knows of none, and passes notices on all the same.
  const members = await visit.members().catch(unlessUnknown)
  const subject = find(verdict.subject, members)
  const text =
    (await signHere(args, { ...verdict, subject })) ??
    (await signThere(visit, { subject, decision, reason }))
  const handed = await visit.hand([text])
  const left = [subject, ...membersBy(subject, members)]
  const own = nodesIn(homeOf(args)).map(({ certificate: { role, sub } }) => ({ peer: sub, role }))
  const others = members
    .filter(({ state }) => state === 'admitted')
    .map(({ peer_id: peer, role }) => ({ peer, role }))
  const peers = [...own, ...others]
    .filter(({ peer, role }) => !VISITORS.includes(role) && !left.includes(peer))
    .map(({ peer }) => peer)
  const asked = [...new Set(peers)].slice(0, ASKED_MAX)
  const know = await countKnowing(visit, asked, noticeIdOf(text))
  return {
    subject,
    decision,
    asked: Math.max(asked.length, handed.length),
    know: Math.max(know, handed.length),
    members: left.slice(1),
    is_kept: false
  }
}

/** Nodes that are not there count as not knowing: they are told when they are back. */
async function countKnowing(
  visit: OperatorVisit,
  peers: readonly string[],
  id: string
): Promise<number> {
  const untilMs = systemClock.monotonicMs() + SPREAD_MS
  const knows = async (peer: string): Promise<boolean> => {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- until it knows
      if (await visit.hasHeard(peer, id)) return true
      if (systemClock.monotonicMs() > untilMs) return false
      // oxlint-disable-next-line no-await-in-loop
      await sleep(systemClock, POLL_MS)
    }
  }
  const answers = await Promise.all(peers.map((peer) => knows(peer).catch(() => false)))
  return answers.filter(Boolean).length
}

function membersBy(token: string, members: readonly KnownMember[]): string[] {
  return members.filter((member) => member.token === token).map(({ peer_id: peer }) => peer)
}

async function signHere(args: Args, { decision, ...rest }: Verdict): Promise<string | undefined> {
  const home = homeOf(args)
  const authority = args.text('join') === undefined ? loadAuthority(home) : undefined
  if (authority === undefined) return undefined
  const { reason, subject } = rest
  const notice = { sub: subject, verdict: decision, reason, nowMs: systemClock.wallMs() }
  return await announceByAuthority(home, authority, notice)
}

/** By a node that lets others in. @throws MeshError COMMAND_FORBIDDEN where that changes nothing */
async function signThere(visit: OperatorVisit, verdict: Verdict): Promise<string> {
  const { decision, reason, subject } = verdict
  const words = reason === undefined ? {} : { reason }
  const { notice, state } = await visit.decide({ subject, decision, ...words })
  if (decision === 'pardon' && state === 'banned') {
    throw new MeshError(
      'COMMAND_FORBIDDEN',
      `${subject} stays banned: the authority has banned it`,
      {
        hint: 'only the authority pardons that: run this in the home where its key is'
      }
    )
  }
  if (notice === undefined)
    throw new MeshError('RESPONSE_INVALID', 'there is no notice in the answer')
  return notice
}

/** The nodes of this home will tell it when they start. @throws the cause where the key is not here */
async function keep(args: Args, verdict: Verdict, cause: unknown): Promise<Spread> {
  if ((await signHere(args, verdict)) === undefined) throw cause
  const { decision, subject } = verdict
  return { subject, decision, asked: 0, know: 0, members: [], is_kept: true }
}

function unlessUnknown(cause: unknown): KnownMember[] {
  if (MeshError.from(cause).code === 'COMMAND_NOT_SERVED') return []
  throw cause
}
