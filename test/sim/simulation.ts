/** What `npm run sim` can run. */

export interface SimulationOptions {
  /** `quick`: a first look in a minute or two. `full`: all that there is. */
  size: 'quick' | 'usual' | 'full'
  /** Undefined: the one that figures in the documentation are of. */
  seed: number | undefined
  /** Of routing: only cells that all these words name (`nameCell`). Undefined: all. */
  cellWords: readonly string[] | undefined
  threads: number
  isForPrograms: boolean
  /** For people who wait. */
  say: (text: string) => void
}

export interface SimulationReport {
  /** Figures, for programs. */
  data: unknown
  /** The same for people. */
  text: string
  /** What should be and is not. */
  missed: readonly string[]
}

export interface Simulation {
  name: string
  run(options: SimulationOptions): Promise<SimulationReport>
}
