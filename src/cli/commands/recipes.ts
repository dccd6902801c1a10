/** `taskmesh recipe list`, `show`, `publish` and `rm`: job templates of the namespace. */
import { dirname } from 'node:path'
import { EXIT } from '../exit-codes.ts'
import { MeshError } from '../../core/errors.ts'
import { API_FLAGS, flag } from '../command.ts'
import { checkRecipe, isRequired, wordsFor } from '../../model/recipe.ts'
import { connectToRouter, homeOf } from '../router-connection.ts'
import { localFilesOf, placeLocalFiles, readTextFile } from '../local-files.ts'
import { parseJson } from '../../core/json.ts'
import { renderTable, shortPeer } from '../render.ts'
import { Recipes } from '../../client/recipes.ts'
import type { Args } from '../args.ts'
import type { CliCommand } from '../command.ts'
import type { Column, Style } from '../render.ts'
import type { JsonObject } from '../local-files.ts'
import type { RecipeFile, RecipeParameter } from '../../model/recipe.ts'
import type { RecipeView } from '../../model/generated/api-recipe.ts'
import type { Signer } from '../../receipts/signer.ts'

export const RECIPE = {
  name: 'name',
  describe: 'name of the recipe, or name@author where several have one of that name'
} as const

const COLUMNS: readonly Column<RecipeView>[] = [
  { title: 'RECIPE', text: nameOf },
  { title: 'AUTHOR', text: ({ author }) => shortPeer(author) },
  { title: 'PARAMETERS', text: ({ parameters }) => Object.entries(parameters).map(mark).join(' ') },
  { title: 'PUBLISHED', text: ({ at_ms: atMs }) => new Date(atMs).toISOString().slice(0, 16) },
  { title: 'WHAT FOR', text: ({ description = '' }) => description.split('\n', 1)[0] ?? '' }
]

export const recipeListCommand: CliCommand = {
  words: 'recipe list',
  summary: 'show the recipes of the namespace: job templates with parameters',
  flags: API_FLAGS,
  examples: [['taskmesh recipe list', 'parameters with * have to be given']],
  run: async ({ args, output, terminal: { signal } }) => {
    const rows = await Array.fromAsync(recipesOf(args).list({ signal }))
    output.rows(rows, COLUMNS, 'no recipe is published; see `taskmesh recipe create --help`')
    return EXIT.completed
  }
}

export const recipeShowCommand: CliCommand = {
  words: 'recipe show',
  summary: 'show what a recipe does, its parameters, and who has signed it',
  positionals: [RECIPE],
  flags: API_FLAGS,
  examples: [['taskmesh recipe show word-count', 'and how it is run']],
  run: async ({ args, output, terminal: { signal } }) => {
    const recipe = await recipesOf(args).get(args.positional('name'), { signal })
    output.value(recipe, (style) => describe(recipe, style))
    return EXIT.completed
  }
}

export const recipePublishCommand: CliCommand = {
  words: 'recipe publish',
  summary: 'sign a recipe and share it in the namespace; again: as its next revision',
  positionals: [{ name: 'file', describe: 'recipe file (JSON), or - for stdin' }],
  flags: API_FLAGS,
  examples: [
    ['taskmesh recipe publish word-count.recipe.json', 'for all routers of the namespace']
  ],
  notes:
    'It is signed with the key of this home (client/key): a newer revision has to come from the same one.',
  run: async ({ args, output, terminal }) => {
    const file = args.positional('file')
    const text = file === '-' ? (await terminal.readStdin()).toString() : readTextFile(file, 'file')
    const recipe = readRecipe(text, file)
    const { signal } = terminal
    const view = await recipesOf(args).publish(recipe, { signal })
    output.value(view, () => `${nameOf(view)}  revision ${view.revision}  ${view.author}`)
    output.note(`run it: taskmesh recipe run ${view.name}`)
    return EXIT.completed
  }
}

export const recipeRemoveCommand: CliCommand = {
  words: 'recipe rm',
  summary: 'take an own recipe back, everywhere; or have this router show one no more',
  positionals: [RECIPE],
  flags: {
    here: flag('switch', "of another's: only this router shows it no more (needs scope operate)"),
    ...API_FLAGS
  },
  examples: [
    ['taskmesh recipe rm word-count', 'your own'],
    ['taskmesh recipe rm word-count@YkzB --here', "another's, on this router alone"]
  ],
  run: async ({ args, output, terminal }) => {
    const recipes = recipesOf(args)
    const { signal } = terminal
    const name = args.positional('name')
    if (args.has('here')) {
      await recipes.refuse(name, { signal })
      output.note(`this router shows ${name} no more`)
      return EXIT.completed
    }
    const signer = await signerOf(args)
    const recipe = await recipes.get(name, { signal })
    if (recipe.author !== signer.peer) {
      throw new MeshError('FORBIDDEN', `${name} is the recipe of ${recipe.author}`, {
        path: 'name',
        hint: 'its author takes it back; --here has this router show it no more'
      })
    }
    await recipes.retract(recipe.name, { signal })
    output.note(`${recipe.name} is taken back; other routers hear of it within a minute`)
    return EXIT.completed
  }
}

/** As it is on disk, with the code that it names beside it. @throws MeshError REQUEST_NOT_JSON, FIELD_INVALID and its kin */
function readRecipe(text: string, file: string): RecipeFile {
  const document = parseJson(text) as JsonObject
  const { job } = document
  if (typeof job === 'object' && job !== null && !Array.isArray(job)) {
    placeLocalFiles(job, file === '-' ? '.' : dirname(file))
    const [local] = localFilesOf(job)
    if (local !== undefined) {
      throw new MeshError('FIELD_INVALID', `${local} is a file of this machine`, {
        path: 'job',
        hint: 'add it to the mesh and name it by its id: taskmesh files add'
      })
    }
  }
  return checkRecipe(document)
}

/** Recipes of the router that the flags name; those that are published here are signed by the key of this home. */
export function recipesOf(args: Args): Recipes {
  const api = connectToRouter(args)
  return new Recipes({ router: async () => api, signer: () => signerOf(args) })
}

async function signerOf(args: Args): Promise<Signer> {
  // Imported only now: most commands need no key, and libp2p takes a while to load.
  const { homeSigner } = await import('../../enrolment/home-signer.ts')
  return await homeSigner(homeOf(args))
}

function nameOf({ author, is_shared: isShared, name }: RecipeView): string {
  return isShared ? `${name}@${author.slice(-6)}` : name
}

function mark([name, parameter]: [string, RecipeParameter]): string {
  return isRequired(parameter) ? `${name}*` : name
}

function describe(recipe: RecipeView, style: Style): string {
  const { at_ms: atMs, author, description, job, parameters, revision } = recipe
  const rows = Object.entries(parameters)
  const table = renderTable(rows, PARAMETER_COLUMNS, style)
  const given = rows.filter(([, one]) => isRequired(one)).map(([name]) => ` --param ${name}=…`)
  return [
    `${style.bold(nameOf(recipe))}  revision ${revision}, ${new Date(atMs).toISOString()}`,
    `signed by ${author}`,
    ...(description === undefined ? [] : ['', description]),
    ...(rows.length === 0 ? [] : ['', table]),
    '',
    JSON.stringify(job, null, 2),
    '',
    `taskmesh recipe run ${nameOf(recipe)}${given.join('')}`
  ].join('\n')
}

const PARAMETER_COLUMNS: readonly Column<[string, RecipeParameter]>[] = [
  { title: 'PARAMETER', text: mark },
  { title: 'WHAT FITS', text: ([, parameter]) => wordsFor(parameter) },
  {
    title: 'DEFAULT',
    text: ([, one]) => (one.default === undefined ? '' : JSON.stringify(one.default))
  },
  { title: 'WHAT FOR', text: ([, { description = '' }]) => description }
]
