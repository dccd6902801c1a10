/** `taskmesh recipe run` and `create`: from a recipe to a job, and from a job to a recipe. */
import { writeFileSync } from 'node:fs'
import { EXIT, exitCodeLines } from '../exit-codes.ts'
import { MeshError } from '../../core/errors.ts'
import { API_FLAGS, flag } from '../command.ts'
import { RECIPE, recipesOf } from './recipes.ts'
import { RUN_FLAGS, runJob } from '../run-job.ts'
import { checkRecipe, readParameter } from '../../model/recipe.ts'
import { checkDocument } from '../job-document.ts'
import { parseJson } from '../../core/json.ts'
import { readTextFile } from '../local-files.ts'
import { runGraph } from '../run-graph.ts'
import type { CliCommand, CommandContext } from '../command.ts'
import type { Json } from '../../core/json.ts'
import type { JobGraphDocument } from '../../model/generated/job-graph.ts'
import type { RecipeParameter } from '../../model/recipe.ts'
import type { RecipeView } from '../../model/generated/api-recipe.ts'

export const recipeRunCommand: CliCommand = {
  words: 'recipe run',
  summary: 'make a job of a recipe, submit it, wait for it, print its result',
  positionals: [RECIPE],
  flags: {
    param: flag('list', 'a parameter: --param name=value, as JSON or else as text (repeatable)'),
    ...RUN_FLAGS,
    ...API_FLAGS
  },
  examples: [
    ['taskmesh recipe run square --param n=12', 'as `taskmesh job run` of the job that it makes'],
    ['taskmesh recipe run word-count@YkzB --param file=sha256:9f2c… -d', "this author's"]
  ],
  notes: exitCodeLines('Exit codes (of a graph: the worst):'),
  run: async (context) => {
    const { args, terminal } = context
    const recipes = recipesOf(args)
    const recipe = await recipes.get(args.positional('name'), { signal: terminal.signal })
    const document = recipes.fill(recipe, valuesOf(args.list('param'), recipe))
    return await runFilled(document, context)
  }
}

async function runFilled(document: Record<string, Json>, context: CommandContext): Promise<number> {
  if (Object.hasOwn(document, 'jobs')) {
    return await runGraph(document as unknown as JobGraphDocument, context)
  }
  return await runJob(checkDocument(document), context)
}

function valuesOf(given: readonly string[], { parameters }: RecipeView): Record<string, Json> {
  const values = given.map((text): [string, Json] => {
    const [name, value] = split(text, '--param')
    const parameter = parameters[name]
    // Which there are, `fillRecipe` says.
    return [name, parameter === undefined ? value : readParameter(name, parameter, value)]
  })
  return Object.fromEntries(values)
}

function split(text: string, path: string): [name: string, value: string] {
  const at = text.indexOf('=')
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  throw new MeshError('FIELD_INVALID', `"${text}" names no value`, {
    path,
    hint: 'write name=value'
  })
}

export const recipeCreateCommand: CliCommand = {
  words: 'recipe create',
  summary: 'write a recipe file from a job file, some of whose values become parameters',
  positionals: [{ name: 'name', describe: 'small letters, digits, dots, hyphens, underscores' }],
  flags: {
    from: flag('text', 'the job file'),
    param: flag(
      'list',
      'a parameter and the value it takes the place of: n=task.input (repeatable)'
    ),
    description: flag('text', 'what it is for'),
    output: flag('text', 'where to write it [NAME.recipe.json]')
  },
  examples: [
    [
      'taskmesh recipe create square --from hello.json --param n=task.input',
      'what the job has there becomes the default'
    ]
  ],
  run: async ({ args, output }) => {
    const name = args.positional('name')
    const from = args.text('from')
    if (from === undefined)
      throw new MeshError('FIELD_MISSING', '--from is missing', { path: '--from' })
    const job = parseJson(readTextFile(from, '--from'))
    const rows = args.list('param').map((text) => {
      const [parameter, path] = split(text, '--param')
      return [parameter, parameterAt(job, path, parameter)] as const
    })
    const description = args.text('description')
    const recipe = checkRecipe({
      name,
      ...(description === undefined ? {} : { description }),
      parameters: Object.fromEntries(rows),
      job
    })
    const file = args.text('output') ?? `${name}.recipe.json`
    // What somebody has written is not written over.
    writeFileSync(file, `${JSON.stringify(recipe, null, 2)}\n`, { flag: 'wx' })
    output.line(file)
    return EXIT.completed
  }
}

/** Takes the value out of the job and puts the mark there. */
function parameterAt(job: Json, path: string, name: string): RecipeParameter {
  const keys = path.split('.')
  const last = keys.pop() ?? ''
  let target: Json | undefined = job
  for (const key of keys) target = fieldOf(target, key)
  const value = fieldOf(target, last)
  if (value === undefined) {
    throw new MeshError('FIELD_INVALID', `the job has nothing at ${path}`, { path: '--param' })
  }
  ;(target as Record<string, Json>)[last] = { $param: name }
  const type = Array.isArray(value) ? 'array' : value === null ? 'object' : typeof value
  return {
    type: Number.isSafeInteger(value) ? 'integer' : (type as RecipeParameter['type']),
    ...(value === null ? {} : { default: value })
  }
}

function fieldOf(value: Json | undefined, key: string): Json | undefined {
  const isHolder = typeof value === 'object' && value !== null && Object.hasOwn(value, key)
  return isHolder ? (value as Record<string, Json>)[key] : undefined
}
