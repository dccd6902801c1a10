/**
 * What a running job's tasks write, printed while one waits for it: of a single task as it comes, of an
 * array job each task's log once the task has ended, so that the lines of many don't mix.
 */
import { printable, printableLines } from '../core/plain-text.ts'
import { systemClock } from '../core/clock.ts'
import { MeshError } from '../core/errors.ts'
import { LogLines } from './log-lines.ts'
import type { ApiClient } from '../client/api-client.ts'
import type { JobView } from '../model/generated/api-job.ts'
import type { LogLine } from './log-lines.ts'
import type { MeshEvent } from '../model/generated/api-event.ts'

export interface LogFollower {
  /** Anything that happened to the job. */
  tell(event: MeshEvent): void
  /** Resolves when all that was written has been printed, or after a moment. */
  finish(): Promise<void>
}

/** The end of a log is on its way when its job has ended; that of a held one does not come. */
const FINISH_MS = 5_000

export function followLogs(
  client: ApiClient,
  { id, item_count: itemCount }: JobView,
  print: (line: string) => void,
  signal: AbortSignal
): LogFollower {
  const ending = new AbortController()
  const joined = AbortSignal.any([signal, ending.signal])
  const lines = new LogLines(({ item, text }: LogLine) =>
    print(itemCount > 1 ? `${printable(item)}  ${printableLines(text)}` : printableLines(text))
  )
  let work = Promise.resolve()
  const add = (more: () => Promise<void>): void => {
    work = work.then(more).catch((cause: unknown) => {
      // A log that can't be had is no reason to leave the job.
      if (!joined.aborted) print(`no more of the log: ${MeshError.from(cause).message}`)
    })
  }
  if (itemCount === 1) {
    add(async () => {
      for await (const part of client.followLog(id, {}, { signal: joined })) lines.add(part)
      lines.flush()
    })
  }
  return {
    tell: ({ item, type }) => {
      if (itemCount === 1 || type !== 'item:ended' || item === undefined) return
      add(async () => lines.add(await client.log(id, { item }, { signal: joined })))
    },
    finish: async () => {
      const cancel = systemClock.after(FINISH_MS, () => ending.abort())
      await work
      cancel()
    }
  }
}
