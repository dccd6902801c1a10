/**
 * Loaded into each victim before its own code (`node --import`): tells the harness over the channel between
 * them what memory is still in use after a collection, how late its event loop is, whom it has struck off.
 * It changes nothing of what the node does.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { NetworkCounts } from '../../src/network/mesh-node.ts'
import type { Offence } from '../../src/protocol/offence.ts'

export interface Glimpse {
  /** Of JavaScript and of buffers beside it, that which is still referred to. */
  usedBytes: number
  rssBytes: number
  /** Processor time since the start. */
  cpuMs: number
  /** How long the event loop stood still at the most since the last look. */
  lagMaxMs: number
  /** What keeps the process alive: sockets, timers and their like. */
  resources: Record<string, number>
  counts: NetworkCounts | undefined
  /** What honest peers were blamed for. */
  blamed: Record<string, Partial<Record<Offence, number>>>
  /** Honest peers that were shut out, however short. */
  shunned: string[]
}

/** Asks for a glimpse, and says which peers are honest. */
export interface Question {
  honest: readonly string[]
  /** Collect garbage first: it stops the node for a moment. */
  isExact: boolean
}

const SCALE_MS = 1e6
const COLLECTIONS = 4
const UNKNOWN = (): undefined => undefined

// The hosts of sandboxes inherit the flag, and are nobody's victims.
if (process.send !== undefined && process.argv[1]?.endsWith('taskmesh.cjs') === true) await watch()

async function watch(): Promise<void> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const lag = monitorEventLoopDelay({ resolution: 5 })
  lag.enable()
  const conduct = await watchConduct()
  const answer = async (isExact: boolean): Promise<void> => {
    if (isExact) await afterCollections(collect)
    const { external, heapUsed, rss } = process.memoryUsage()
    const { system, user } = process.cpuUsage()
    const glimpse: Glimpse = {
      usedBytes: heapUsed + external,
      rssBytes: rss,
      cpuMs: (system + user) / 1_000,
      lagMaxMs: lag.max / SCALE_MS,
      resources: countBy(process.getActiveResourcesInfo()),
      counts: conduct.counts(),
      blamed: conduct.blamed,
      shunned: [...conduct.shunned]
    }
    lag.reset()
    process.send?.(glimpse)
  }
  process.on('message', ({ honest, isExact }: Question) => {
    conduct.honest = new Set(honest)
    void answer(isExact)
  })
  // What asks is a parent that outlives us; it is no reason to stay.
  process.channel?.unref()
}

interface ConductWatch {
  honest: ReadonlySet<string>
  blamed: Glimpse['blamed']
  shunned: Set<string>
  counts: () => NetworkCounts | undefined
}

async function watchConduct(): Promise<ConductWatch> {
  const { Conduct } = await import('../../src/network/guard/conduct.ts')
  const { MeshNode } = await import('../../src/network/mesh-node.ts')
  const seen: ConductWatch = {
    honest: new Set(),
    blamed: {},
    shunned: new Set(),
    counts: UNKNOWN
  }
  const create = MeshNode.create.bind(MeshNode)
  MeshNode.create = async (init) => {
    const node = await create(init)
    seen.counts = () => node.counts()
    return node
  }
  // oxlint-disable-next-line typescript/unbound-method -- called on the very object that it is wrapped for
  const { strike } = Conduct.prototype
  Conduct.prototype.strike = function (peer, offence) {
    strike.call(this, peer, offence)
    if (!seen.honest.has(peer)) return
    const blamed = (seen.blamed[peer] ??= {})
    blamed[offence] = (blamed[offence] ?? 0) + 1
    if (this.isShunned(peer)) seen.shunned.add(peer)
  }
  return seen
}

/** Several, with turns of the event loop between: what ends a stream lets go of it a turn later. */
async function afterCollections(collect: () => void): Promise<void> {
  for (let count = 0; count < COLLECTIONS; count += 1) {
    collect()
    // oxlint-disable-next-line no-await-in-loop
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}
