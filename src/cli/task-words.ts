/** The task that the words of `taskmesh run ENGINE …` describe: what each engine takes, and what it refuses. */
import { MeshError } from '../core/errors.ts'
import { flag } from './command.ts'
import { ENGINES } from '../model/engines.ts'
import { nearestName } from '../model/validate.ts'
import { readInput } from './inputs.ts'
import { isTypescript, readModule, readSource } from './local-files.ts'
import { PROGRAM_ARGS, PROGRAM_FLAGS, readInputFiles, readProgramInput } from './program-input.ts'
import type { Args } from './args.ts'
import type { Flags } from './command.ts'
import type { TaskDocument } from '../model/job.ts'
import type { Terminal } from './terminal.ts'

/** Storage has a verb of its own: `files keep`. */
type Engine = Exclude<TaskDocument['engine'], 'storage'>

const RUN_ENGINES = ENGINES.filter((engine) => engine !== 'storage')

type Fields = Record<string, unknown>

export const TASK_POSITIONALS = [
  { name: 'engine', describe: RUN_ENGINES.join(', ') },
  {
    name: 'task',
    describe:
      'javascript: FILE that defines main(input); wasm: FILE with a WASI program; process: its name; container: IMAGE; function, builtin: NAME',
    isOptional: true
  },
  PROGRAM_ARGS
] as const

const FLAGS: Flags = {
  input: {
    ...flag('list', 'what it gets: k=v, k=@file (text), @file.json or JSON'),
    alias: 'i'
  },
  arg: flag('list', 'argument k=v, or all of them as JSON (repeatable)'),
  ...PROGRAM_FLAGS,
  seed: flag('text', 'what all its random numbers grow from'),
  time: flag('text', 'when its clock starts, such as 2026-12-24T18:00:00Z')
}

interface TaskWords {
  /** Of `FLAGS`; others are refused. */
  flags: readonly string[]
  /** What to write instead of a flag that is refused. */
  hint: string
  hasArgs: boolean
  /** The task without its engine. */
  read: (args: Args, terminal: Pick<Terminal, 'readStdin'>) => Promise<Fields>
}

/** What a task that can be repeated begins with. */
const BEGINNING = ['seed', 'time'] as const

const PROGRAM = {
  flags: Object.keys(PROGRAM_FLAGS),
  hint: 'a program takes --stdin, --env, --file and, after --, arguments',
  hasArgs: true
} as const

const WORDS: Readonly<Record<Engine, TaskWords>> = {
  builtin: {
    flags: ['arg'],
    hint: 'a builtin takes --arg',
    hasArgs: false,
    read: async (args) => ({
      name: taskWord(args),
      ...field('args', readInput(args.list('arg'), '--arg'))
    })
  },
  container: {
    ...PROGRAM,
    read: async (args, terminal) => ({
      image: taskWord(args),
      ...listField('argv', args.positionalList(PROGRAM_ARGS.name)),
      ...(await readProgramInput(args, terminal))
    })
  },
  function: {
    flags: ['input'],
    hint: 'a function takes --input',
    hasArgs: false,
    read: async (args) => ({ name: taskWord(args), ...inputOf(args) })
  },
  javascript: {
    flags: ['input', 'file', ...BEGINNING],
    hint: 'a javascript task takes --input, --file, --seed and --time',
    hasArgs: false,
    read: async (args) => {
      const file = taskWord(args)
      return {
        source: readSource(file, 'task'),
        ...(isTypescript(file) ? { language: 'typescript' } : {}),
        ...inputOf(args),
        ...readInputFiles(args),
        ...beginningOf(args)
      }
    }
  },
  process: {
    ...PROGRAM,
    read: async (args, terminal) => ({
      ...listField('argv', [
        ...args.positionalList('task'),
        ...args.positionalList(PROGRAM_ARGS.name)
      ]),
      ...(await readProgramInput(args, terminal))
    })
  },
  wasm: {
    ...PROGRAM,
    flags: [...PROGRAM.flags, ...BEGINNING],
    read: async (args, terminal) => ({
      module: readModule(taskWord(args), 'task'),
      ...listField('args', args.positionalList(PROGRAM_ARGS.name)),
      ...(await readProgramInput(args, terminal)),
      ...beginningOf(args)
    })
  }
}

/** Each says whose it is: help is the same for all engines. */
export const TASK_FLAGS: Flags = Object.fromEntries(
  Object.entries(FLAGS).map(([name, its]) => [
    name,
    { ...its, describe: `${enginesOf(name).join(', ')}: ${its.describe}` }
  ])
)

/** @throws MeshError FIELD_MISSING, FIELD_INVALID, FILE_NOT_FOUND */
export async function readTask(args: Args, terminal: Pick<Terminal, 'readStdin'>): Promise<Fields> {
  const engine = engineOf(args.positional('engine'))
  const words = WORDS[engine]
  for (const name of Object.keys(FLAGS)) {
    if (args.list(name).length > 0 && !words.flags.includes(name)) refuse(`--${name}`, words)
  }
  if (!words.hasArgs && args.positionalList(PROGRAM_ARGS.name).length > 0) {
    refuse(PROGRAM_ARGS.name, words)
  }
  return { engine, ...(await words.read(args, terminal)) }
}

function enginesOf(flagName: string): Engine[] {
  return RUN_ENGINES.filter((engine) => WORDS[engine].flags.includes(flagName))
}

/** @throws MeshError FIELD_MISSING */
function taskWord(args: Args): string {
  const word = args.optionalPositional('task')
  if (word !== undefined) return word
  throw new MeshError('FIELD_MISSING', '<task> is missing', { hint: 'see taskmesh run --help' })
}

function engineOf(word: string): Engine {
  const engine = RUN_ENGINES.find((known) => known === word)
  if (engine !== undefined) return engine
  const nearest = nearestName(word, RUN_ENGINES)
  throw new MeshError('FIELD_INVALID', `"${word}" is not an engine`, {
    hint: nearest === undefined ? `known: ${RUN_ENGINES.join(', ')}` : `did you mean ${nearest}?`
  })
}

function refuse(path: string, { hint }: TaskWords): never {
  throw new MeshError('FIELD_INVALID', `${path} does not belong here`, { path, hint })
}

function inputOf(args: Args): Fields {
  return field('input', readInput(args.list('input'), '--input'))
}

function beginningOf(args: Args): Fields {
  return Object.assign({}, ...BEGINNING.map((name) => field(name, args.text(name)))) as Fields
}

function field(name: string, value: unknown): Fields {
  return value === undefined ? {} : { [name]: value }
}

function listField(name: string, list: readonly string[]): Fields {
  return list.length === 0 ? {} : { [name]: [...list] }
}
