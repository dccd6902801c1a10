/** `taskmesh job logs`: what tasks wrote, up to now or as they go on. */
import { printable, printableLines } from '../../core/plain-text.ts'
import { systemClock } from '../../core/clock.ts'
import { API_FLAGS, flag } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { LogLines } from '../log-lines.ts'
import { describeLogFile } from '../render-files.ts'
import { AttemptStarts, followLog, readLogs } from '../log-source.ts'
import { connectToRouter } from '../router-connection.ts'
import type { Args } from '../args.ts'
import type { CliCommand, CommandContext } from '../command.ts'
import type { LogFilter } from '../../client/api-jobs.ts'
import type { LogLine } from '../log-lines.ts'
import type { LogView } from '../../model/generated/api-log.ts'

export const jobLogsCommand: CliCommand = {
  words: 'job logs',
  summary: 'print what the tasks of a job wrote, up to now or as they go on',
  positionals: [{ name: 'id', describe: 'job id, or its first letters' }],
  flags: {
    follow: { ...flag('switch', 'go on until the task has ended'), alias: 'f' },
    item: flag('text', 'only this item'),
    attempt: flag('text', 'number of the attempt [the last]'),
    tail: flag('text', 'only the last so many lines'),
    since: flag('text', 'only what was written within this time, such as 10m'),
    stdout: flag('switch', 'only what went to standard output'),
    stderr: flag('switch', 'only what went to standard error'),
    timestamps: flag('switch', 'begin each line with its time'),
    ...API_FLAGS
  },
  examples: [
    ['taskmesh job logs j-7m2k -f --tail 20', 'the last lines, then whatever comes'],
    ['taskmesh job logs j-7m2k --item a --attempt 1 --stderr', 'of one attempt of one task']
  ],
  notes:
    'Lines of tasks keep simple colours; what else could steer your terminal is shown as ·. With --json they are as they were written.',
  run: async (context) => {
    const { args, output, terminal } = context
    const client = connectToRouter(args)
    const options = { signal: terminal.signal }
    const filter = filterOf(args)
    const job = await client.job(args.positional('id'), options)
    const isFollowing = args.has('follow')
    const parts = (isFollowing ? followLog : readLogs)(client, job, filter, options)
    const printer = createPrinter(context, {
      starts: new AttemptStarts(client, options),
      // With one task there is nothing to tell apart.
      hasItems: job.item_count > 1 && filter.item === undefined
    })
    if (output.format === 'json' && !isFollowing) {
      const logs: LogView[] = []
      for await (const part of parts) logs.push(await printer.select(part))
      output.rows(logs, [], '')
    } else {
      for await (const part of parts) await printer.print(part)
      printer.finish()
    }
    return EXIT.completed
  }
}

interface Printer {
  /** Without what is too old. */
  select(part: LogView): Promise<LogView>
  print(part: LogView): Promise<void>
  finish(): void
}

function createPrinter(
  { args, output }: CommandContext,
  { hasItems, starts }: { hasItems: boolean; starts: AttemptStarts }
): Printer {
  const sinceMs = args.durationMs('since')
  const oldestMs = sinceMs === undefined ? undefined : systemClock.wallMs() - sinceMs
  const hasTimes = args.has('timestamps')
  const { style } = output
  let startMs = 0
  let isEmpty = true
  const lines = new LogLines(({ item, ms, stream, text }: LogLine) => {
    const prefixes = [
      ...(hasTimes ? [style.dim(new Date(startMs + ms).toISOString())] : []),
      ...(hasItems ? [style.dim(printable(item))] : [])
    ]
    const line = printableLines(text)
    output.line([...prefixes, stream === 'err' ? style.yellow(line) : line].join('  '))
    isEmpty = false
  })
  const select = async (part: LogView): Promise<LogView> => {
    if (oldestMs === undefined && !hasTimes) return part
    startMs = await starts.of(part)
    const oldest = oldestMs ?? 0
    return { ...part, entries: part.entries.filter(({ ms }) => startMs + ms >= oldest) }
  }
  return {
    select,
    print: async (part) => {
      const selected = await select(part)
      if (output.isForPrograms) output.record(selected)
      else lines.add(selected)
      if (part.log_file === undefined || output.isForPrograms) return
      lines.flush()
      output.note(describeLogFile(part.log_file))
    },
    finish: () => {
      lines.flush()
      if (isEmpty && !output.isForPrograms) output.note('nothing was written')
    }
  }
}

function filterOf(args: Args): LogFilter {
  const [hasOut, hasErr] = [args.has('stdout'), args.has('stderr')]
  return {
    item: args.text('item'),
    attempt: args.integer('attempt', 1),
    tail: args.integer('tail', 0),
    // Both are neither: everything.
    stream: hasOut === hasErr ? undefined : hasOut ? 'out' : 'err'
  }
}
