/** How a program ends itself. */

/** Thrown through the program by `proc_exit`. */
export class ProgramExit extends Error {
  readonly exitCode: number

  /** @param code as programs mean it: `exit(-1)` arrives as 2^32 - 1 */
  constructor(code: number) {
    super(`exit code ${code | 0}`)
    this.exitCode = code | 0
  }
}
