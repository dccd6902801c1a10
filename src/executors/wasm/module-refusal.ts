/** Why a module is not run. */
import type { GuestFault } from '../sandbox/messages.ts'

export class ModuleRefusal extends Error {
  readonly code: GuestFault

  /** @param why completes "the module is refused: …" */
  constructor(why: string, code: GuestFault = 'TASK_FAILED') {
    super(`the module is refused: ${why}`)
    this.code = code
  }
}
