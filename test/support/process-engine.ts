/** Engine `process` for tests, and whether this machine can have it at all. */
import { afterAll } from 'vitest'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { messageOf } from '../../src/core/errors.ts'
import { ProcessExecutor } from '../../src/executors/process/process-executor.ts'
import { recordRun } from '../conformance/executor-recorder.ts'
import { taskTerms } from './task-terms.ts'
import { systemClock } from '../../src/core/clock.ts'
import type { Clock } from '../../src/core/clock.ts'
import type { RecordedOutcome } from '../conformance/executor-recorder.ts'
import type { ProcessExecutorInit } from '../../src/executors/process/process-executor.ts'
import type { ProcessTask } from '../../src/model/generated/job.ts'
import type { TaskTerms } from './task-terms.ts'

export interface ProcessResult {
  exit_code: number
  stdout?: string
  stdout_base64?: string
  files?: { path: string; bytes: number; text?: string; base64?: string }[]
  skipped?: { path: string; reason: string }[]
}

export const MIB: number = 2 ** 20

/** As on a machine that gives the worker no control groups. */
export const NO_GROUPS = { membership: '/dev/null' } as const

const folders: string[] = []
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })))
const nodes = createFolder()

/** Removed once all tests of the file are over. Not below another, so that it may be given to any user. */
export function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'taskmesh-process-test-'))
  folders.push(folder)
  return folder
}

export function createProcessExecutor(
  init: Partial<ProcessExecutorInit> = {},
  clock: Clock = systemClock
): ProcessExecutor {
  // Engines of one folder take each other's groups for left behind.
  const folder = join(nodes, randomUUID())
  mkdirSync(folder)
  return new ProcessExecutor({ clock }, { folder, programs: [], isAnyAllowed: true, ...init })
}

/** Why the engine does not start here; undefined where it does. Says so aloud: a silent skip looks like a pass. */
export async function processProblem(): Promise<string | undefined> {
  const executor = createProcessExecutor()
  try {
    await executor.start()
    return undefined
  } catch (cause) {
    const problem = messageOf(cause)
    console.warn(`SKIPPED: no test of engine process runs here: ${problem}`)
    return problem
  } finally {
    await executor.stop()
  }
}

export function runProgram(
  executor: ProcessExecutor,
  task: Omit<ProcessTask, 'engine'>,
  more: Partial<TaskTerms> = {}
): Promise<RecordedOutcome> {
  const terms = taskTerms({ memoryBytesMax: 64 * 2 ** 20, ...more })
  return recordRun(
    (listener) => executor.run({ task: { engine: 'process', ...task }, ...terms, ...listener }),
    more
  )
}

/** A shell script, its lines joined. */
export function script(...lines: string[]): { argv: string[] } {
  return { argv: ['sh', '-c', lines.join('\n')] }
}

export function resultOf({ error, output }: RecordedOutcome): ProcessResult {
  if (error !== undefined) throw error
  return JSON.parse(output ?? '') as ProcessResult
}
