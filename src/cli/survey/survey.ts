/**
 * A look at the mesh from this machine, all of it at the same time and each part of it bounded: as a stranger at the
 * bootstraps and at this home's own nodes, and as a member at what others find of these.
 */
import { networkInterfaces } from 'node:os'
import { AGENT } from '../../core/version.ts'
import { findVisit } from '../../enrolment/visit.ts'
import { givenNetworkKey } from '../../network/wire/network-key.ts'
import { homeMembership, ownNodes, waysFrom } from './home.ts'
import { isRelay, relayIn } from './facts.ts'
import { livingNodes } from '../router-connection.ts'
import { isLoopbackAddress } from '../../config/address.ts'
import { MeshError } from '../../core/errors.ts'
import { Outsider } from './outsider.ts'
import { Visitor } from './visitor.ts'
import type { AbortOptions } from '../../core/abort.ts'
import type {
  BootstrapFacts,
  MeshFacts,
  OwnNodeFacts,
  PlaceFacts,
  VisitFacts,
  VisitTrouble
} from './facts.ts'
import type { NodeProcess } from '../doctor/check.ts'
import type { OwnNode, Way } from './home.ts'
import type { Visit } from '../../enrolment/visit.ts'

export interface SurveyInit extends AbortOptions {
  home: string
  nodes: readonly NodeProcess[]
  /** Multiaddrs of bootstraps, beside those that the home knows. */
  bootstrap: readonly string[]
  /** File with the key of a private network, if none of the home has it. */
  networkKeyFile: string | undefined
  /** Milliseconds since 1970. */
  nowMs: number
}

/** Who is not in by then is not let in. */
const ENTER_TIMEOUT_MS = 7_000
/** For all of it: what has not been said by then was not said. */
const SURVEY_TIMEOUT_MS = 16_000

/** Undefined where nothing here knows of any mesh. @throws MeshError IDENTITY_UNUSABLE, CONFIG_INVALID */
export async function surveyMesh(init: SurveyInit): Promise<MeshFacts | undefined> {
  const { home, nodes } = init
  const visit = await findVisit(init)
  const ways = waysFrom(home, nodes, [...init.bootstrap, ...(visit.entry?.bootstrap ?? [])])
  const apiPorts = livingNodes(home).map(({ url }) => Number(new URL(url).port))
  const own = await ownNodes(home, nodes, apiPorts)
  if (ways.length === 0 && own.length === 0) return undefined
  const { isClosed, networkKey } = homeMembership(home)
  const look: Look = {
    ways,
    own,
    visit,
    isStranger: visit.entry === undefined && isClosed,
    networkKey: givenNetworkKey(init.networkKeyFile) ?? visit.entry?.networkKey ?? networkKey,
    signal: AbortSignal.any([
      AbortSignal.timeout(SURVEY_TIMEOUT_MS),
      ...(init.signal === undefined ? [] : [init.signal])
    ])
  }
  const facts = await lookAround(look)
  init.signal?.throwIfAborted()
  return facts
}

interface Look {
  ways: readonly Way[]
  own: readonly OwnNode[]
  visit: Visit
  /** The mesh takes members only, and whoever looks is none. */
  isStranger: boolean
  networkKey: string | undefined
  signal: AbortSignal
}

interface SeenFromOutside {
  bootstraps: BootstrapFacts[]
  own: OwnNodeFacts[]
}

async function lookAround(look: Look): Promise<MeshFacts> {
  const outside = lookFromOutside(look)
  const [{ bootstraps, own }, { found, visit }] = await Promise.all([
    outside,
    lookFromInside(look, outside)
  ])
  return {
    agent: AGENT,
    ownHosts: Object.values(networkInterfaces()).flatMap((each = []) =>
      each.map(({ address }) => address)
    ),
    bootstraps,
    own: own.map((node) => ({ ...node, ...found.get(node.peer) })),
    visit
  }
}

async function lookFromOutside({ networkKey, own, signal, ways }: Look): Promise<SeenFromOutside> {
  const contacts = ways.flatMap(({ addresses }) => addresses)
  const outsider = await Outsider.start({ contacts, networkKey })
  try {
    const [bootstraps, nodes] = await Promise.all([
      Promise.all(ways.map((way) => lookAtBootstrap(outsider, way, signal))),
      Promise.all(own.map((node) => lookAtOwn(outsider, node, signal)))
    ])
    return { bootstraps, own: nodes }
  } finally {
    await outsider.stop()
  }
}

async function lookAtBootstrap(
  outsider: Outsider,
  { addresses, peer }: Way,
  signal: AbortSignal
): Promise<BootstrapFacts> {
  try {
    const { peer: found, ...answer } = await outsider.reach(addresses, signal)
    return { addresses, peer: found, answer }
  } catch (cause) {
    return { addresses, peer, why: MeshError.from(cause).message }
  }
}

async function lookAtOwn(
  outsider: Outsider,
  { addresses, isForOthers, name, peer, role }: OwnNode,
  signal: AbortSignal
): Promise<OwnNodeFacts> {
  const identity = await outsider.reach(addresses, signal).catch(() => undefined)
  return { name, peer, role, isForOthers, identity }
}

interface SeenFromInside {
  found: ReadonlyMap<string, Pick<OwnNodeFacts, 'found'>>
  visit: VisitFacts
}

function kept(kind: VisitTrouble['kind'], why: string): SeenFromInside {
  return { found: new Map(), visit: { trouble: { kind, why }, places: [] } }
}

async function lookFromInside(
  look: Look,
  outside: Promise<SeenFromOutside>
): Promise<SeenFromInside> {
  const { isStranger, networkKey, own, signal, visit, ways } = look
  if (isStranger) return kept('stranger', 'nothing in this home says who a visitor is')
  if (ways.length === 0) return kept('unreachable', 'no bootstrap is known here')
  const contacts = ways.flatMap(({ addresses }) => addresses)
  const patience = AbortSignal.any([
    signal,
    AbortSignal.timeout(ENTER_TIMEOUT_MS),
    onceAllAreSilent(outside)
  ])
  let visitor: Visitor
  try {
    visitor = await Visitor.enter({ visit, contacts, networkKey }, patience)
  } catch (cause) {
    const { bootstraps } = await outside
    const isSilent = bootstraps.every(({ answer }) => answer === undefined)
    if (isSilent) return kept('unreachable', 'no bootstrap answers')
    const isLate = patience.aborted
    return kept(
      'refused',
      isLate ? 'no bootstrap has done so in time' : MeshError.from(cause).message
    )
  }
  try {
    const [found, places] = await Promise.all([
      Promise.all(own.map(async (node) => [node.peer, await visitor.find(node, signal)] as const)),
      askRelays(visitor, await outside, signal)
    ])
    return {
      found: new Map(found.map(([peer, one]) => [peer, one === undefined ? {} : { found: one }])),
      visit: { trouble: undefined, places }
    }
  } finally {
    await visitor.leave()
  }
}

/** Where no bootstrap answers a stranger, none is to be waited for as a member. */
function onceAllAreSilent(outside: Promise<SeenFromOutside>): AbortSignal {
  const controller = new AbortController()
  const look = async (): Promise<void> => {
    const { bootstraps } = await outside
    if (bootstraps.every(({ answer }) => answer === undefined)) controller.abort()
  }
  void look().catch(() => controller.abort())
  return controller.signal
}

/** A place is asked for only where that is not known already, and where somebody may need one. */
async function askRelays(
  visitor: Visitor,
  { bootstraps, own }: SeenFromOutside,
  signal: AbortSignal
): Promise<PlaceFacts[]> {
  const held = new Set(own.flatMap(({ identity }) => (identity?.told ?? []).map(relayIn)))
  const relays = bootstraps.filter(
    (one) => isRelay(one) && !held.has(one.peer) && !isLoopbackAddress(one.answer?.address ?? '')
  )
  const answers = await Promise.all(relays.map(({ peer = '' }) => visitor.place(peer, signal)))
  return answers.flatMap((answer) => answer ?? [])
}
