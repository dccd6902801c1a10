/** Whether relays are there for nodes that nobody can dial, whether they have room, and how much they carry. */
import { formatBytes, formatDuration } from '../../core/units.ts'
import { answering, isCircuitAddress, isLocalMesh, isPublicAddress, nameOf } from './mesh-words.ts'
import { isRelay, relayIn } from '../survey/facts.ts'
import { plural, shortPeer } from '../render.ts'
import type { Finding, MeshCheck, Verdict } from './check.ts'
import type { MeshFacts, OwnNodeFacts, PlaceFacts, RelayLimits } from '../survey/facts.ts'

export const relaysCheck: MeshCheck = { section: 'relays', judge: judgeRelays }

/** As many as a node takes by itself, so that one may end. */
const ENOUGH = 2

function judgeRelays(facts: MeshFacts): Verdict {
  if (isLocalMesh(facts))
    return { summary: 'none needed: the mesh is on this machine alone', findings: [] }
  if (answering(facts).length === 0) return { summary: 'no bootstrap has answered', findings: [] }
  const relays = answering(facts).filter(isRelay)
  const needy = facts.own.filter(needsRelay)
  const { places } = facts.visit
  return {
    summary: [
      `bootstraps that relay: ${relays.length} of ${answering(facts).length}`,
      ...facts.own.flatMap(placeWords),
      ...limitWords(places)
    ].join('; '),
    findings: [
      ...(relays.length === 0 ? [nobodyRelays(needy)] : []),
      ...places.flatMap((place) =>
        refused(place, nameOf(relays.find(({ peer }) => peer === place.relay)))
      ),
      ...needy.flatMap((node) => placesOf(node, relays.length))
    ]
  }
}

/** It is for others, and has told no address of its own that all can dial. */
function needsRelay({ identity, isForOthers, role }: OwnNodeFacts): boolean {
  if (identity === undefined || !isForOthers || role === 'bootstrap') return false
  return !identity.told.some(isPublicAddress)
}

function relaysOf({ identity }: OwnNodeFacts): Set<string | undefined> {
  return new Set((identity?.told ?? []).filter(isCircuitAddress).map(relayIn))
}

function placeWords(node: OwnNodeFacts): string[] {
  const relays = [...relaysOf(node)]
  if (relays.length === 0) return []
  return [`${node.name} has a place at ${relays.map((one) => shortPeer(one ?? '')).join(', ')}`]
}

function limitWords(places: readonly PlaceFacts[]): string[] {
  const given = places.filter(({ refusal }) => refusal === undefined)
  if (given.length === 0) return []
  const limits = [...new Set(given.map((place) => limitsOf(place.limits)))]
  return [`${plural(given.length, 'place')} to be had (${limits.join('; ')})`]
}

function limitsOf({ dataBytes, durationMs }: RelayLimits): string {
  const words = [
    ...(dataBytes === undefined ? [] : [formatBytes(dataBytes)]),
    ...(durationMs === undefined ? [] : [formatDuration(durationMs)])
  ]
  return words.length === 0 ? 'no limits' : `${words.join(', ')} for each connection`
}

function nobodyRelays(needy: readonly OwnNodeFacts[]): Finding {
  return {
    severity: needy.length > 0 ? 'warning' : 'note',
    what: 'no bootstrap that answers is a relay',
    why: 'a node behind a NAT is then reached by nobody whom it has not dialled itself',
    remedy: 'start a bootstrap without --relay=false, on an address that all can reach'
  }
}

const REFUSALS: Readonly<Record<string, Pick<Finding, 'why' | 'remedy'>>> = {
  full: {
    why: 'all its places are taken: nodes behind a NAT that come now find none there',
    remedy: 'start that bootstrap with a higher --relay-max, or another bootstrap'
  },
  forbidden: {
    why: 'it has places for members of its own mesh alone',
    remedy: 'is that a bootstrap of this mesh? taskmesh dial its address'
  }
}
const REFUSAL_OTHER = {
  why: 'a node behind a NAT is not reached by it',
  remedy: 'its log may say more; another bootstrap relays as well'
}

function refused({ refusal }: PlaceFacts, relay: string): Finding[] {
  if (refusal === undefined) return []
  const words = REFUSALS[refusal] ?? REFUSAL_OTHER
  return [{ severity: 'warning', what: `the relay ${relay} gives no place (${refusal})`, ...words }]
}

function placesOf(node: OwnNodeFacts, relayCount: number): Finding[] {
  const count = relaysOf(node).size
  const wanted = Math.min(ENOUGH, relayCount)
  if (count >= wanted) return []
  return [
    {
      severity: count === 0 ? 'warning' : 'note',
      what: `${node.name} has a place at ${count} of ${plural(relayCount, 'relay')}`,
      why: count === 0 ? 'nobody can dial it' : 'it is cut off for a while should that relay end',
      remedy: 'look again in a minute; then at its log; is it started with --relays 0?'
    }
  ]
}
