/**
 * Says in the log what peers do wrong: who was shut out, at once; what was counted, once in a while. However much
 * they do, the log grows by a few lines a minute.
 */
import { Pace } from '../../core/pace.ts'
import type { CancelTimer, Clock } from '../../core/clock.ts'
import type { Logger } from '../../observe/logger.ts'
import type { MeshNode, NetworkCounts } from '../mesh-node.ts'
import type { Shunned } from './conduct.ts'
import type { Startable } from '../../core/startable.ts'

export interface ConductLogComponents {
  clock: Clock
  logger: Logger
  node: Pick<MeshNode, 'counts' | 'onShunned'>
}

const PERIOD_MS = 60_000
/** Names cost nothing, so that one attacker may have thousands shut out; beyond these the summary counts them. */
const SHUN_LINES = { burst: 10, perSecond: 10 / 60 }
/** All lines share one bucket. */
const LINES = 'lines'

/** What was counted since the start, by names of ours. */
type Amounts = Readonly<Record<string, number>>

export class ConductLog implements Startable {
  readonly #components: ConductLogComponents
  readonly #lines: Pace
  #told: Amounts = {}
  #cancel: CancelTimer = () => {}

  constructor(components: ConductLogComponents) {
    this.#components = components
    this.#lines = new Pace(components.clock, SHUN_LINES)
    components.node.onShunned((shun) => this.#tellShun(shun))
  }

  async start(): Promise<void> {
    this.#cancel = this.#components.clock.every(PERIOD_MS, () => this.#tellGrowth())
  }

  async stop(): Promise<void> {
    this.#cancel()
    this.#tellGrowth()
  }

  #tellShun({ leftMs, offence, peer }: Shunned): void {
    if (!this.#lines.take(LINES, 1)) return
    this.#components.logger.warn(
      { peer, offence, forS: Math.round(leftMs / 1_000) },
      'peer shunned'
    )
  }

  #tellGrowth(): void {
    const { logger, node } = this.#components
    const counts = node.counts()
    const now = amountsOf(counts)
    const grown = Object.entries(now).flatMap(([name, amount]) => {
      const more = amount - (this.#told[name] ?? 0)
      return more > 0 ? [[name, more] as const] : []
    })
    this.#told = now
    if (grown.length === 0) return
    const { shunned } = counts.conduct
    logger.info({ ...Object.fromEntries(grown), shunned }, 'peers have misbehaved')
  }
}

/** Of each name whose it is: the same word stands for what was done and for what came of it. */
function amountsOf({ conduct, refused, stored }: NetworkCounts): Amounts {
  return Object.fromEntries([
    ...named('offence', conduct.offences),
    ...named('refused', refused),
    ['stored.dropped', stored.dropped],
    ['shuns', conduct.shuns]
  ])
}

function named(prefix: string, counts: object): [string, number][] {
  return Object.entries(counts).map(([name, count]) => [`${prefix}.${name}`, count as number])
}
