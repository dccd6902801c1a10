/** The operations that a router has: all but those that pass on to other routers, which are a monitor's. */
import { OPERATIONS } from '../../src/http/operations.ts'
import type { Operation } from '../../src/http/operation.ts'

export const ROUTER_OPERATIONS: Readonly<Record<string, Operation>> = Object.fromEntries(
  Object.entries<Operation>(OPERATIONS).filter(([, { path }]) => !path.endsWith('/*'))
)
