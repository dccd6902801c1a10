/** Who answers of those by whom the mesh is found, and how others reach the nodes of this home. */
import { formatDuration } from '../../core/units.ts'
import {
  answering,
  isCircuitAddress,
  isLocalMesh,
  isPublicAddress,
  listOf,
  nameOf
} from './mesh-words.ts'
import { isLoopbackAddress } from '../../config/address.ts'
import type { BootstrapFacts, MeshFacts, OwnNodeFacts } from '../survey/facts.ts'
import type { Finding, MeshCheck, Verdict } from './check.ts'

export const reachabilityCheck: MeshCheck = { section: 'reachability', judge: judgeReachability }

function judgeReachability(facts: MeshFacts): Verdict {
  const { bootstraps, own } = facts
  return {
    summary: [bootstrapWords(facts), ...wayWords(facts)].join('; '),
    findings: [
      ...judgeBootstraps(bootstraps),
      ...judgeSilent(own),
      ...(isLocalMesh(facts) ? [] : judgeWays(facts))
    ]
  }
}

function bootstrapWords(facts: MeshFacts): string {
  const { bootstraps } = facts
  if (bootstraps.length === 0) return 'no bootstrap is known'
  const times = answering(facts).map(({ answer }) => formatDuration(answer?.connectMs ?? 0))
  const took = times.length === 0 ? '' : ` (${times.join(', ')})`
  return `bootstraps that answer: ${times.length} of ${bootstraps.length}${took}`
}

function judgeBootstraps(bootstraps: readonly BootstrapFacts[]): Finding[] {
  const silent = bootstraps.filter(({ answer }) => answer === undefined)
  const isCutOff = silent.length === bootstraps.length
  return silent.map((one) => ({
    severity: isCutOff ? 'problem' : 'warning',
    what: `bootstrap ${nameOf(one)} does not answer: ${one.why ?? 'no word why'}`,
    why: isCutOff
      ? 'nobody answers by whom this machine would find the mesh, or the mesh it'
      : 'should the others go, the mesh is not found from here; relays and the DHT are fewer, too',
    remedy: `is it running, and does its firewall let it in? taskmesh dial ${one.addresses[0] ?? ''}`
  }))
}

function judgeSilent(own: readonly OwnNodeFacts[]): Finding[] {
  return own
    .filter(({ identity }) => identity === undefined)
    .map(({ name }) => ({
      severity: 'warning',
      what: `${name} runs and does not answer at its own port`,
      why: 'it hangs, is just starting, listens on WebSocket or QUIC alone, or this machine keeps its own connections out',
      remedy: 'look at its log, or dial its address: taskmesh dial'
    }))
}

/** How others come in. */
type Way = 'public' | 'relayed' | 'network' | 'machine'

function wayTo({ identity, isForOthers }: OwnNodeFacts): Way {
  const told = identity?.told ?? []
  if (told.some(isPublicAddress)) return 'public'
  if (told.some(isCircuitAddress)) return 'relayed'
  return isForOthers ? 'network' : 'machine'
}

const WAY_WORDS: Readonly<Record<Way, string>> = {
  public: 'can be dialled by everybody',
  relayed: 'reached by relays, or directly where a hole can be punched',
  network: 'reached within private networks alone',
  machine: 'reached by this machine alone'
}

function wayWords(facts: MeshFacts): string[] {
  if (isLocalMesh(facts)) return []
  const answered = facts.own.filter(({ identity }) => identity !== undefined)
  return [...Map.groupBy(answered, wayTo)].map(
    ([way, nodes]) => `${listOf(nodes)}: ${WAY_WORDS[way]}`
  )
}

/** A mesh that lies within private networks needs no more than these. */
function judgeWays({ bootstraps, own }: MeshFacts): Finding[] {
  const isBeyond = bootstraps.some(({ addresses }) => addresses.some(isPublicAddress))
  const isElsewhere = bootstraps.some(({ addresses }) => !addresses.every(isLoopbackAddress))
  return own
    .filter(({ identity }) => identity !== undefined)
    .flatMap((node) => {
      const way = wayTo(node)
      if (way === 'machine' && isElsewhere) return [listensHere(node)]
      return way === 'network' && isBeyond ? [reachedByNone(node)] : []
    })
}

function listensHere({ name }: OwnNodeFacts): Finding {
  return {
    severity: 'warning',
    what: `${name} listens on this machine alone, and its mesh is on others`,
    why: 'nobody there can open a connection to it',
    remedy: 'start it without --listen, or with --listen /ip4/0.0.0.0/tcp/0'
  }
}

function reachedByNone({ name }: OwnNodeFacts): Finding {
  return {
    severity: 'warning',
    what: `${name} has told no address by which it is reached from outside its network`,
    why: 'nobody has got through to it yet, no relay has given it a place, and routers elsewhere find it without reaching it',
    remedy:
      'see the findings on relays; or forward a port to it and say --announce /ip4/ADDRESS/tcp/PORT, or --map-ports'
  }
}
