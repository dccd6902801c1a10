/**
 * Hands over what a task has left on this machine's disk, once nothing of the task runs any more. All of it is
 * looked for before any of it is given away, and only by ways that lead nowhere else.
 */
import { findGuestPath } from './process/guest-path.ts'
import { MeshError } from '../core/errors.ts'
import { checkTaskPath } from '../model/task-files.ts'
import type { OutputWish } from '../model/job.ts'
import type { Found, Obstacle } from './process/guest-path.ts'
import type { ProducedBytes } from './sandbox/sandbox-host.ts'
import type { TaskOutcome, TaskRun } from './executor.ts'

/** @throws MeshError TASK_FAILED for the first that is not there */
export async function requireOutputs(folder: string, wishes: readonly OutputWish[]): Promise<void> {
  for (const wish of wishes) {
    await findGuestPath(folder, wish.path, async (found) => void demand(wish, found))
  }
}

/** @throws MeshError TASK_FAILED, and what keeps an output from being taken */
export async function handOver(
  folder: string,
  { onOutput, outputs }: Pick<TaskRun, 'onOutput' | 'outputs'>
): Promise<void> {
  for (const wish of outputs) {
    await findGuestPath(folder, wish.path, async (found) => {
      await onOutput(wish, { kind: 'disk', path: demand(wish, found).at })
    })
  }
}

/** The same for what a sandbox host has sent, whose names are a stranger's words. Never rejects. */
export async function handOverBytes(
  outcome: TaskOutcome,
  produced: readonly ProducedBytes[],
  { onOutput, outputs }: Pick<TaskRun, 'onOutput' | 'outputs'>
): Promise<TaskOutcome> {
  if (outcome.error !== undefined) return outcome
  try {
    for (const [index, wish] of outputs.entries()) {
      const own = produced.filter(({ output }) => output === index)
      for (const { path } of own) if (path !== '') checkTaskPath(path, `outputs[${index}]`)
      const files = new Map(own.map(({ content, path }) => [path, content]))
      await onOutput(wish, { kind: 'bytes', files })
    }
    return outcome
  } catch (cause) {
    const { output: _output, ...rest } = outcome
    return { ...rest, error: MeshError.from(cause) }
  }
}

/** Of a wish that no task has met. */
export function outputMissing({ name, path }: OutputWish, why = 'is not there'): MeshError {
  return new MeshError('TASK_FAILED', `"${path}", which is to become output ${name}, ${why}`, {
    path: 'outputs',
    hint: 'name only what the task always writes, below its working folder'
  })
}

function demand(wish: OutputWish, found: Found | Obstacle): Found {
  if (typeof found === 'object') return found
  throw outputMissing(wish, found === 'missing' ? undefined : `lies behind a ${found}`)
}
