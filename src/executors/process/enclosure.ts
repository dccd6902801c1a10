/**
 * What a task's processes are put into before they start. One holds them (`sandbox-enclosure.ts`), one
 * only starts them (`bare-enclosure.ts`, on the owner's express wish); the run itself is the same.
 */
import type { Resource } from '../../model/enforcement.ts'
import type { TaskRun } from '../executor.ts'

export interface CellInit extends Pick<
  TaskRun,
  'memoryBytesMax' | 'diskBytesMax' | 'network' | 'gpus' | 'inputs'
> {
  env: Readonly<Record<string, string>>
  /** What the program reads; undefined: nothing. */
  stdin: Uint8Array | undefined
}

export interface Enclosure {
  /** What it holds by itself, beside time, memory and the processor; known once it has started. */
  readonly enforces: readonly Resource[]
  /**
   * Looks for all that it needs, and removes what an earlier run left behind.
   * @throws MeshError ENGINE_UNAVAILABLE
   */
  start(): Promise<void>
  /**
   * A place for one task.
   * @throws MeshError RESOURCES_UNAVAILABLE where this machine has not what the task may use
   */
  open(init: CellInit): Promise<Cell>
}

export interface Cell {
  /** What is started; the gate, the program and its arguments follow. */
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** What descriptors from 3 on are fed with. */
  readonly feeds: readonly Uint8Array[]
  /** The file that the program reads from, as it finds it; undefined: none. */
  readonly stdinPath: string | undefined
  /** How many processes of the enclosure itself stand above the task's first one. */
  readonly wrapperCount: number
  /** What the task's files may take. */
  readonly diskBytesMax: number
  /** Whether that takes a watch, as nothing else bounds their sum. */
  readonly isDiskWatched: boolean
  /** Where this cell has its inputs from, which do not count as the task's files. */
  readonly inputSources: readonly string[]
  /** Folders of this cell whose content lies in memory; known once it is entered. */
  readonly memoryFolders: readonly string[]
  /**
   * Called while the task's first process waits at the gate.
   * @param pids the enclosure's processes and that first one, outermost first
   * @returns the working folder; what lies in it stays readable until the cell is closed
   */
  enter(pids: readonly number[]): string
  /** Processes of the task that left its tree, where nothing else would find them. */
  stragglers(): number[]
  /** Called once, when nothing of the task runs any more. */
  close(): Promise<void>
}

/** The gate's descriptors in every cell, behind all feeds: input files come in by one, and it waits at the other. */
export const GATE_DESCRIPTORS = { files: 7, gate: 8 } as const
