/** `taskmesh run ENGINE FILE|NAME`: one task or one array without a job file. */
import { MeshError } from '../../core/errors.ts'
import { readPair } from '../../config/read-option.ts'
import { API_FLAGS, flag } from '../command.ts'
import { readEach, readInput } from '../inputs.ts'
import { checkDocument, readModule, readTextFile } from '../job-document.ts'
import { nearestName } from '../../model/validate.ts'
import { PROGRAM_ARGS, PROGRAM_FLAGS, readProgramInput } from '../program-input.ts'
import { RUN_FLAGS, runJob } from '../run-job.ts'
import type { Args } from '../args.ts'
import type { CliCommand, Flags } from '../command.ts'
import type { JobDocument } from '../../model/job.ts'

const ENGINES = ['javascript', 'wasm', 'builtin']
const PREFER_WEIGHT = 50

const JOB_FLAGS: Flags = {
  input: { ...flag('list', 'what main gets: k=v, k=@file (text), @file.json or JSON'), alias: 'i' },
  arg: flag('list', 'argument k=v of a builtin (repeatable)'),
  each: flag('text', 'JSON array: one task per item, or per plain input'),
  name: flag('text', 'name of the job'),
  label: flag('list', 'label k=v of the job (repeatable)'),
  memory: flag('text', 'memory of each task, such as 256MiB'),
  cpu: flag('text', 'CPU cores of each task'),
  require: flag('list', 'condition on workers, such as "zone = home" (repeatable)'),
  prefer: flag('list', 'wish, with a weight of -100 to 100: "zone = home:40" (repeatable)'),
  timeout: flag('text', 'the longest that each task may run, such as 30s'),
  attempts: flag('text', 'attempts per task, the first one included'),
  preset: flag('text', 'what counts in choosing: balanced, cpu, gpu, latency or reliability')
}

export const runCommand: CliCommand = {
  words: 'run',
  summary: 'run one task without a job file',
  positionals: [
    { name: 'engine', describe: ENGINES.join(' or ') },
    {
      name: 'task',
      describe:
        'javascript: file that defines main(input); wasm: file with a WASI program; builtin: noop, echo, sleep or sha256'
    },
    PROGRAM_ARGS
  ],
  flags: { ...JOB_FLAGS, ...PROGRAM_FLAGS, ...RUN_FLAGS, ...API_FLAGS },
  examples: [
    ['taskmesh run javascript word-count.js --input text=@README.md', 'one task'],
    ['taskmesh run javascript square.js --each numbers.json', 'one task per item'],
    ['taskmesh run wasm gzip.wasm --stdin @README.md -- -9', 'a WASI program with its arguments'],
    ['taskmesh run builtin sha256 --arg text=hello', 'a function that every worker has']
  ],
  run: (context) => runJob(checkDocument(documentOf(context.args)), context)
}

/** The job document that the command line describes. */
export function documentOf(args: Args): JobDocument {
  const route = args.text('preset')
  const timeout = args.text('timeout')
  const attempts = args.integer('attempts', 1)
  const each = args.text('each')
  const labels = args.list('label').map((text) => readPair(text, '--label'))
  const sections: Record<string, unknown> = {
    name: args.text('name'),
    labels: labels.length === 0 ? undefined : Object.fromEntries(labels),
    resources: withoutGaps({ cpu: args.number('cpu'), memory: args.text('memory') }),
    where: whereOf(args),
    route: withoutGaps({ preset: route }),
    timeouts: withoutGaps({ run: timeout }),
    retry: withoutGaps({ attempts }),
    each: each === undefined ? undefined : readEach(each)
  }
  return { task: taskOf(args), ...withoutGaps(sections) } as unknown as JobDocument
}

function taskOf(args: Args): Record<string, unknown> {
  const engine = args.positional('engine')
  const task = args.positional('task')
  const [input, builtinArgs] = [args.list('input'), args.list('arg')]
  switch (engine) {
    case 'javascript':
      refuse(builtinArgs, '--arg', 'a javascript task takes --input')
      refuseProgramInput(args)
      return {
        engine,
        source: readTextFile(task, 'task'),
        ...withoutGaps({ input: readInput(input, '--input') })
      }
    case 'wasm':
      refuse(input, '--input', 'a program takes --stdin, --file and, after --, arguments')
      refuse(builtinArgs, '--arg', 'write the arguments of a program after --')
      return { engine, module: readModule(task, 'task'), ...readProgramInput(args) }
    case 'builtin':
      refuse(input, '--input', 'a builtin takes --arg')
      refuseProgramInput(args)
      return { engine, name: task, ...withoutGaps({ args: readInput(builtinArgs, '--arg') }) }
    default: {
      const nearest = nearestName(engine, ENGINES)
      throw new MeshError('FIELD_INVALID', `"${engine}" is not an engine`, {
        hint: nearest === undefined ? `known: ${ENGINES.join(', ')}` : `did you mean ${nearest}?`
      })
    }
  }
}

function whereOf(args: Args): Record<string, unknown> | undefined {
  const require = args.list('require')
  const prefer = args.list('prefer').map((text) => {
    const [, match = text, weight] = /^(.*?)(?::\s*(-?\d+))?$/.exec(text) ?? []
    return { match: match.trim(), weight: weight === undefined ? PREFER_WEIGHT : Number(weight) }
  })
  return withoutGaps({
    require: require.length === 0 ? undefined : require,
    prefer: prefer.length === 0 ? undefined : prefer
  })
}

function refuseProgramInput(args: Args): void {
  const hint = 'it is for programs: taskmesh run wasm FILE'
  for (const name of Object.keys(PROGRAM_FLAGS)) refuse(args.list(name), `--${name}`, hint)
  refuse(args.positionalList(PROGRAM_ARGS.name), PROGRAM_ARGS.name, hint)
}

function refuse(given: readonly string[], path: string, hint: string): void {
  if (given.length > 0)
    throw new MeshError('FIELD_INVALID', `${path} does not belong here`, { path, hint })
}

/** Without the fields that are undefined; undefined if nothing is left. */
function withoutGaps<T extends object>(
  fields: T
): { [K in keyof T]: Exclude<T[K], undefined> } | undefined {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined)
  return entries.length === 0 ? undefined : (Object.fromEntries(entries) as never)
}
