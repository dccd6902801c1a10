/** What routers remember from before the simulation begins. */
import { capacityOf } from './fleet.ts'
import { meanWorkMs } from './job-mix.ts'
import { arrivalRate } from './scenario.ts'
import { decay } from '../../reputation/score.ts'
import type { RoutingScenario } from './scenario.ts'

const DAY_MS = 86_400_000
const HOURS = 24
/** Of a mesh that is given all its work at once. */
const BATCH_LOAD = 0.5

/** What is left, for one router and worker, of a day without a fault under the scenario's own load; 0 where all are new. */
export function pastGoodCount(scenario: RoutingScenario): number {
  if (scenario.isCold) return 0
  const { classes, fleet } = scenario
  const rate =
    scenario.load === 'batch'
      ? (BATCH_LOAD * capacityOf(fleet)) / meanWorkMs(classes)
      : arrivalRate(scenario)
  const perHour = (rate * DAY_MS) / HOURS / (fleet.routerCount * fleet.workers.length)
  let left = 0
  for (let hour = 0; hour < HOURS; hour += 1) {
    const evidence = { good: left, bad: 0, right: 0, wrong: 0, streak: 0 }
    left = decay(evidence, DAY_MS / HOURS).good + perHour
  }
  return left
}
