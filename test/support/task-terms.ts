/** What an engine is told beside the task itself, as a test needs it. */
import type { TaskRun } from '../../src/executors/executor.ts'

export type TaskTerms = Omit<TaskRun, 'task'>

/** Generous limits, nothing listened to, unless `more` says otherwise. */
export function taskTerms(more: Partial<TaskTerms> = {}): TaskTerms {
  return {
    memoryBytesMax: 128 * 2 ** 20,
    timeoutMs: 30_000,
    cpuCores: undefined,
    diskBytesMax: undefined,
    network: false,
    origin: undefined,
    seed: 'a seed',
    submittedAtMs: Date.UTC(2026, 0, 1),
    gpus: [],
    signal: new AbortController().signal,
    killSignal: new AbortController().signal,
    onLog: () => {},
    onProgress: () => {},
    inputs: [],
    outputs: [],
    programPath: undefined,
    onOutput: async () => {},
    ...more
  }
}
