/** Submits a job, follows it to its end, prints what came of it: what `job run` and `run` share. */
import { errorJson, errorLine, withoutLogged } from './errors.ts'
import { EXIT, EXIT_CODE_FLAG, exitCodeOf, programExitCodeOf } from './exit-codes.ts'
import { flag } from './command.ts'
import { followJob, isSettled } from './follow.ts'
import { followLogs } from './follow-logs.ts'
import { HAND_IN_FLAGS, handIn } from './hand-in.ts'
import { isList } from '../model/job.ts'
import { nextStep } from './job-hints.ts'
import { createProgress } from './progress.ts'
import { renderEnd, renderItems, renderResult } from './render-job.ts'
import { describeResultFile, renderOutputs } from './render-files.ts'
import { connectToRouter } from './router-connection.ts'
import { plural } from './render.ts'
import { readProgramResult } from './program-result.ts'
import { SAVE_FLAGS, isProgram, saveReturned, wholeJob } from './returned-files.ts'
import type { ApiClient } from '../client/api-client.ts'
import type { CommandContext, Flags } from './command.ts'
import type { ItemView, JobView } from '../model/generated/api-job.ts'
import type { JobDocument } from '../model/job.ts'
import type { Output } from './output.ts'

export const RUN_FLAGS: Flags = {
  detach: { ...flag('switch', 'return at once; the job goes on'), alias: 'd' },
  follow: { ...flag('switch', 'show on stderr what the tasks log'), alias: 'f' },
  'id-only': flag('switch', 'print the id and nothing else'),
  ...EXIT_CODE_FLAG,
  'wait-timeout': flag('text', 'wait no longer than this, such as 10m; the job goes on'),
  ...SAVE_FLAGS,
  ...HAND_IN_FLAGS
}

/** @returns the exit code of the job's end */
export async function runJob(document: JobDocument, context: CommandContext): Promise<number> {
  const { args, output } = context
  const client = connectToRouter(args)
  const submission = await handIn(client, { kind: 'job', document }, context)
  const submitted = submission.jobs[0] as JobView
  if (args.has('id-only')) output.line(submitted.id)
  if (args.has('detach')) return tellDetached(submitted, args.has('id-only'), output)
  const job = await watchJob(client, submitted, context)
  if (job === undefined || !isSettled(job)) {
    tellHowToFollow([submitted.id], output)
    return EXIT.detached
  }
  if (!args.has('id-only')) await printEnd(client, job, { document, context })
  return args.has('exit-code') ? programExitCodeOf(job) : exitCodeOf(job)
}

/** How to see and to stop what goes on without us. */
export function tellHowToFollow(ids: readonly string[], output: Output): void {
  const all = ids.join(' ')
  const subject = ids.length === 1 ? 'the job goes on' : 'the jobs go on'
  output.alert(
    `no longer waiting; ${subject}. To follow: taskmesh job wait ${all}; to stop: taskmesh job stop ${all}`
  )
}

/** Undefined after Ctrl-C. */
async function watchJob(
  client: ApiClient,
  submitted: JobView,
  { args, output, terminal }: CommandContext
): Promise<JobView | undefined> {
  const { id, item_count: itemCount, name } = submitted
  const { signal } = terminal
  const progress = createProgress(name ?? id, itemCount, output, terminal.stderr)
  const print = (line: string): void =>
    progress.beside(() => output.alert(output.stderrStyle.dim(line)))
  const logs = args.has('follow') ? followLogs(client, submitted, print, signal) : undefined
  try {
    const job = await followJob(client, id, {
      signal,
      timeoutMs: args.durationMs('wait-timeout'),
      types: ['attempt:progress', ...(logs === undefined ? [] : ['item:ended'])],
      onEvent: (event) => {
        progress.tell(event)
        logs?.tell(event)
      },
      onWaiting: (reason) => progress.say(`waiting: ${reason}`)
    })
    if (isSettled(job)) await logs?.finish()
    return job
  } catch (cause) {
    if (!signal.aborted) throw cause
    return undefined
  } finally {
    progress.stop()
  }
}

async function printEnd(
  client: ApiClient,
  job: JobView,
  { document, context }: { document: JobDocument; context: CommandContext }
): Promise<void> {
  const { args, output } = context
  const isArray = isList(document) || document.ops === 'every'
  const whole = await wholeJob(client, job, isArray)
  const items = whole.items ?? []
  if (output.format === 'json') output.value(whole, () => '')
  else if (output.isForPrograms) output.rows<object>(isArray ? items : [whole], [], '')
  else printForPeople(whole, items, args.has('follow'), output)
  await saveReturned(whole, context)
  if (job.error === undefined || job.state === 'completed') return
  if (output.format.startsWith('json')) return output.alert(errorJson(job.error))
  const isLogShown = args.has('follow') || !(output.isQuiet || output.isForPrograms)
  output.alert(errorLine(isLogShown ? withoutLogged(job.error, job.logs) : job.error))
}

function printForPeople(
  job: JobView,
  items: readonly ItemView[],
  isLogShown: boolean,
  output: Output
): void {
  const { stderrStyle, style } = output
  const { logs = '' } = job
  if (logs !== '' && !isLogShown) output.note(stderrStyle.dim(logs.trimEnd()))
  if (items.length > 0) output.line(renderItems(job, items, style))
  else printResult(job, output)
  output.note(renderEnd(job, stderrStyle))
  const hint = job.state === 'completed' ? undefined : nextStep(job)
  if (hint !== undefined) output.note(stderrStyle.dim(hint))
}

/** A program's stdout is what it is for; anything else is a value, or the file that holds it. */
function printResult(job: JobView, output: Output): void {
  const { output_file: file, outputs } = job
  if (file !== undefined) output.line(describeResultFile(file, job.id))
  else if (job.result !== undefined) printValue(job, output)
  if (outputs !== undefined) output.note(renderOutputs(outputs, output.stderrStyle))
}

function printValue(job: JobView, output: Output): void {
  const program = isProgram(job) ? readProgramResult(job.result) : undefined
  if (program === undefined) output.content(`${renderResult(job.result)}\n`)
  else output.content(program.stdout)
}

function tellDetached(job: JobView, isSaid: boolean, output: Output): number {
  if (!isSaid) output.value(job, () => `${job.id}  ${plural(job.item_count, 'task')} ${job.state}`)
  if (!isSaid && !output.isForPrograms)
    output.note(nextStep(job) ?? `see taskmesh job describe ${job.id}`)
  return EXIT.completed
}
