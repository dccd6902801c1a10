/** Submits a job, follows it to its end, prints what came of it: what `job run` and `run` share. */
import { errorJson, errorLine } from './errors.ts'
import { EXIT, exitCodeOf } from './exit-codes.ts'
import { flag } from './command.ts'
import { followJob } from './follow.ts'
import { createProgress } from './progress.ts'
import { renderEnd, renderItems, renderResult } from './render-job.ts'
import { connectToRouter } from './router-connection.ts'
import { isTerminal } from '../jobs/records.ts'
import { plural } from './render.ts'
import type { ApiClient } from '../client/api-client.ts'
import type { CommandContext, Flags } from './command.ts'
import type { ItemView, JobView } from '../model/generated/api-job.ts'
import type { JobDocument } from '../model/job.ts'
import type { Output } from './output.ts'

export const RUN_FLAGS: Flags = {
  detach: { ...flag('switch', 'return at once; the job goes on'), alias: 'd' },
  'id-only': flag('switch', 'print the id and nothing else'),
  'wait-timeout': flag('text', 'wait no longer than this, such as 10m; the job goes on')
}

/** @returns the exit code of the job's end */
export async function runJob(document: JobDocument, context: CommandContext): Promise<number> {
  const { args, output, terminal } = context
  const timeoutMs = args.durationMs('wait-timeout')
  const client = connectToRouter(args)
  const submitted = await client.submit(document, { signal: terminal.signal })
  if (args.has('id-only')) output.line(submitted.id)
  if (args.has('detach')) return tellDetached(submitted, args.has('id-only'), output)
  const progress = createProgress(
    submitted.name ?? submitted.id,
    submitted.item_count,
    output,
    terminal.stderr
  )
  const hasBar = submitted.item_count > 1
  let job: JobView
  try {
    job = await followJob(client, submitted.id, {
      signal: terminal.signal,
      timeoutMs,
      onEvent: ({ counts }) => (hasBar ? progress.update(counts) : undefined),
      onWaiting: (reason) => progress.say(`waiting: ${reason}`)
    })
  } catch (cause) {
    if (!terminal.signal.aborted) throw cause
    progress.stop()
    tellHowToFollow(submitted.id, output)
    return EXIT.detached
  }
  progress.stop()
  if (!isTerminal(job.state) && job.state !== 'held') {
    tellHowToFollow(job.id, output)
    return EXIT.detached
  }
  if (!args.has('id-only')) await printEnd(client, job, { document, context })
  return exitCodeOf(job)
}

/** `job run --json` in one object: the job, and its items where it has `each`. */
export async function wholeJob(
  client: ApiClient,
  job: JobView,
  isArray: boolean
): Promise<JobView> {
  if (!isArray) return job
  const items: ItemView[] = []
  for await (const item of client.allItems(job.id)) items.push(item)
  return { ...job, items }
}

async function printEnd(
  client: ApiClient,
  job: JobView,
  { document, context }: { document: JobDocument; context: CommandContext }
): Promise<void> {
  const { output } = context
  const isArray = document.each !== undefined
  const whole = await wholeJob(client, job, isArray)
  const items = whole.items ?? []
  if (output.format === 'json') output.value(whole, () => '')
  else if (output.isForPrograms) output.rows<object>(isArray ? items : [whole], [], '')
  else printForPeople(whole, items, output)
  if (job.error === undefined || job.state === 'completed') return
  output.alert(output.format.startsWith('json') ? errorJson(job.error) : errorLine(job.error))
}

function printForPeople(job: JobView, items: readonly ItemView[], output: Output): void {
  const { stderrStyle, style } = output
  if (job.logs !== undefined && job.logs !== '') output.note(stderrStyle.dim(job.logs.trimEnd()))
  if (items.length > 0) output.line(renderItems(job, items, style))
  else if (job.result !== undefined) output.line(renderResult(job.result))
  output.note(renderEnd(job, stderrStyle))
}

function tellDetached(job: JobView, isSaid: boolean, output: Output): number {
  if (!isSaid) output.value(job, () => `${job.id}  ${plural(job.item_count, 'task')} ${job.state}`)
  if (!isSaid && !output.isForPrograms) output.note(`see taskmesh job wait ${job.id}`)
  return EXIT.completed
}

function tellHowToFollow(id: string, output: Output): void {
  output.alert(
    `no longer waiting; the job goes on. To follow it: taskmesh job wait ${id}; to stop it: taskmesh job stop ${id}`
  )
}
