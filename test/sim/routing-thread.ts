/** One thread of the routing simulation: runs one cell under one policy after the other. */
import { parentPort } from 'node:worker_threads'
import { scenarioOf } from '../../src/simulation/routing/scenario.ts'
import { simulateRouting } from '../../src/simulation/routing/simulate.ts'
import type { Cell, PolicyName } from '../../src/simulation/routing/scenario.ts'
import type { CellResult } from '../../src/simulation/routing/summary.ts'

export interface RoutingTask {
  cell: Cell
  policy: PolicyName
}

parentPort?.on('message', ({ cell, policy }: RoutingTask) => {
  const result: CellResult = { cell, policy, result: simulateRouting(scenarioOf(cell), policy) }
  parentPort?.postMessage(result, [])
})
