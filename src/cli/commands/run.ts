/** `taskmesh run ENGINE …`: one task or one array without a job file. */
import { readPair } from '../../config/read-option.ts'
import { API_FLAGS, flag } from '../command.ts'
import { exitCodeLines } from '../exit-codes.ts'
import { readEach } from '../inputs.ts'
import { readIns, readOuts } from '../mesh-words.ts'
import { checkDocument } from '../job-document.ts'
import { RUN_FLAGS, runJob } from '../run-job.ts'
import { TASK_FLAGS, TASK_POSITIONALS, readTask } from '../task-words.ts'
import type { Args } from '../args.ts'
import type { CliCommand, Flags } from '../command.ts'
import type { JobDocument } from '../../model/job.ts'
import type { Terminal } from '../terminal.ts'

const PREFER_WEIGHT = 50

const JOB_FLAGS: Flags = {
  each: flag('text', 'JSON array: one task per item, or per plain input'),
  name: flag('text', 'name of the job'),
  label: flag('list', 'label k=v of the job (repeatable)'),
  in: flag(
    'list',
    'file or folder that it finds at PATH: PATH=@local, PATH=mesh:sha256:…, a link, job:<id>/<output>, inline:text or https://…#sha256=… (repeatable)'
  ),
  out: flag('list', 'file or folder that becomes a file of the mesh: NAME=PATH (repeatable)'),
  memory: flag('text', 'memory of each task, such as 256MiB'),
  cpu: flag('text', 'CPU cores of each task'),
  disk: flag('text', 'disk of each task, such as 1GiB'),
  gpu: flag('text', 'container, function, process: GPUs of each task'),
  network: flag(
    'switch',
    'container, process: let it reach the network, where the worker’s owner allows that'
  ),
  require: flag('list', 'condition on workers, such as "zone = home" (repeatable)'),
  prefer: flag('list', 'wish, with a weight of -100 to 100: "zone = home:40" (repeatable)'),
  timeout: flag('text', 'the longest that each task may run, such as 30s'),
  attempts: flag('text', 'attempts per task, the first one included'),
  preset: flag('text', 'what counts in choosing: balanced, cpu, gpu, latency or reliability')
}

export const runCommand: CliCommand = {
  words: 'run',
  summary: 'run one task without a job file',
  positionals: TASK_POSITIONALS,
  flags: { ...TASK_FLAGS, ...JOB_FLAGS, ...RUN_FLAGS, ...API_FLAGS },
  examples: [
    ['taskmesh run javascript word-count.js --input text=@README.md', 'one task; .ts works too'],
    ['taskmesh run javascript square.js --each numbers.json', 'one task per item'],
    ['taskmesh run wasm gzip.wasm --stdin @README.md -- -9 > README.gz', 'a WASI program'],
    ['cat names | taskmesh run process --stdin - -- sort -n', 'a program of the worker’s machine'],
    [
      'taskmesh run process --file a.csv --returns sorted.csv --save . -- sort -o sorted.csv a.csv',
      'a file there, and its result back'
    ],
    [
      'taskmesh run process --in film.mov=@film.mov --out small=out.mp4 -- ffmpeg -i film.mov out.mp4',
      'large files, by way of the mesh; then: taskmesh job get ID small'
    ],
    ['taskmesh run container alpine@sha256:… -- uname -a', 'in an image that its owner allows'],
    ['taskmesh run function resize --input \'{"width":80}\'', 'of the program around a worker'],
    ['taskmesh run builtin sha256 --arg text=hello', 'a function that every worker has']
  ],
  notes: [
    'A program’s stdout is printed as it is, its log on stderr.',
    exitCodeLines('Exit codes:')
  ].join('\n\n'),
  run: async (context) => {
    const document = await documentOf(context.args, context.terminal)
    return await runJob(checkDocument(document), context)
  }
}

/** The job document that the command line describes. */
export async function documentOf(
  args: Args,
  terminal: Pick<Terminal, 'readStdin'>
): Promise<JobDocument> {
  const each = args.text('each')
  const labels = args.list('label').map((text) => readPair(text, '--label'))
  const sections: Record<string, unknown> = {
    name: args.text('name'),
    labels: labels.length === 0 ? undefined : Object.fromEntries(labels),
    resources: withoutGaps({
      cpu: args.number('cpu'),
      memory: args.text('memory'),
      disk: args.text('disk'),
      gpu: args.integer('gpu')
    }),
    network: args.has('network') ? { mode: 'full' } : undefined,
    where: whereOf(args),
    route: withoutGaps({ preset: args.text('preset') }),
    inputs: readIns(args.list('in')),
    outputs: readOuts(args.list('out')),
    timeouts: withoutGaps({ run: args.text('timeout') }),
    retry: withoutGaps({ attempts: args.integer('attempts', 1) }),
    each: each === undefined ? undefined : readEach(each)
  }
  const task = await readTask(args, terminal)
  return { task, ...withoutGaps(sections) } as unknown as JobDocument
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

/** Without the fields that are undefined; undefined if nothing is left. */
function withoutGaps<T extends object>(
  fields: T
): { [K in keyof T]: Exclude<T[K], undefined> } | undefined {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined)
  return entries.length === 0 ? undefined : (Object.fromEntries(entries) as never)
}
