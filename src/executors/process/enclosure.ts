/**
 * What a task's processes are put into before they start. One holds them (`sandbox-enclosure.ts`), one
 * only starts them (`bare-enclosure.ts`, on the owner's express wish); the run itself is the same.
 */

export interface CellInit {
  env: Readonly<Record<string, string>>
  memoryBytesMax: number
}

export interface Enclosure {
  /** Looks for all that it needs. @throws MeshError ENGINE_UNAVAILABLE */
  start(): Promise<void>
  /** A place for one task. */
  open(init: CellInit): Cell
}

export interface Cell {
  /** What is started; the gate, the program and its arguments follow. */
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** What descriptors from 3 on are fed with. */
  readonly feeds: readonly Uint8Array[]
  /** How many processes of the enclosure itself stand above the task's first one. */
  readonly wrapperCount: number
  /** Folders of this cell whose content lies in memory; known once it is entered. */
  readonly memoryFolders: readonly string[]
  /**
   * Called while the task's first process waits at the gate.
   * @param pids the enclosure's processes and that first one, outermost first
   * @returns the working folder; what lies in it stays readable until the cell is closed
   */
  enter(pids: readonly number[]): string
  close(): void
}

/** The gate's descriptors in every cell: input files come in by one, and it waits at the other. */
export const GATE_DESCRIPTORS = { files: 6, gate: 7 } as const
