import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  blameParameter,
  checkRecipe,
  fillRecipe,
  readParameter
} from '../../../src/model/recipe.ts'
import { checkJob, compileJob } from '../../../src/model/job.ts'
import type { RecipeFile } from '../../../src/model/recipe.ts'

const FILE = new URL('../../../examples/recipes/word-lengths.recipe.json', import.meta.url)

function example(): RecipeFile {
  return checkRecipe(JSON.parse(readFileSync(FILE, 'utf8')))
}

test('the example makes a job, with what is given and the defaults of the rest', () => {
  const job = fillRecipe(example(), { text: 'one two three' })
  expect(job).toMatchObject({
    task: { input: { text: 'one two three', shortest: 1 } },
    resources: { memory: '64MiB' }
  })
  expect(() => compileJob(checkJob(job))).not.toThrow()
})

test.each([
  [{}, 'FIELD_MISSING', 'text', '"text" is missing'],
  [{ text: 'a', txet: 'b' }, 'FIELD_UNKNOWN', 'txet', 'no parameter "txet"'],
  [{ text: '' }, 'FIELD_INVALID', 'text', 'a string from 1 to 100000 letters, not ""'],
  [{ text: 7 }, 'FIELD_INVALID', 'text', 'a string'],
  [{ text: 'a', shortest: 0 }, 'FIELD_INVALID', 'shortest', 'an integer from 1 to 100, not 0'],
  [{ text: 'a', shortest: 1.5 }, 'FIELD_INVALID', 'shortest', 'an integer'],
  [{ text: 'a', memory: '1TiB' }, 'FIELD_INVALID', 'memory', 'one of "64MiB", "256MiB"']
])('with %j it says which parameter is wrong', (values, code, path, words) => {
  const filling = (): unknown => fillRecipe(example(), values)
  expect(filling).toThrow(expect.objectContaining({ code, path }))
  expect(filling).toThrow(words)
})

test('a text of the command line is what its parameter takes', () => {
  expect(readParameter('n', { type: 'string' }, '7')).toBe('7')
  expect(readParameter('n', { type: 'integer' }, '7')).toBe(7)
  expect(readParameter('n', { type: 'boolean' }, 'true')).toBe(true)
  const list = { type: 'array', items: { type: 'number' }, maxItems: 2 } as const
  expect(readParameter('n', list, '[1,2.5]')).toEqual([1, 2.5])
  expect(() => readParameter('n', list, '[1,"x"]')).toThrow('an array of numbers to 2 entries')
  expect(() => readParameter('n', { type: 'integer' }, 'seven')).toThrow('an integer, not seven')
})

test('one that is optional and not given leaves no trace in the job', () => {
  const parameters = { tag: { type: 'string', required: false } } as const
  const job = { task: { engine: 'builtin' }, labels: { tag: { $param: 'tag' } } }
  expect(fillRecipe({ parameters, job }, {})).toEqual({ task: { engine: 'builtin' }, labels: {} })
})

test('a recipe whose job and parameters do not belong together is refused', () => {
  const job = { task: { input: { $param: 'n' } } }
  const bare = { name: 'square', job }
  expect(() => checkRecipe(bare)).toThrow(
    expect.objectContaining({ code: 'FIELD_UNKNOWN', path: 'job.task.input' })
  )
  const unused = { ...bare, parameters: { n: { type: 'integer' }, m: { type: 'integer' } } }
  expect(() => checkRecipe(unused)).toThrow(expect.objectContaining({ path: 'parameters.m' }))
  const misfit = { ...bare, parameters: { n: { type: 'integer', default: 'x' } } }
  expect(() => checkRecipe(misfit)).toThrow(
    expect.objectContaining({ path: 'parameters.n.default' })
  )
})

test('what the job refuses is told by the parameter that it came from', () => {
  const template = {
    parameters: { memory: { type: 'string' } },
    job: {
      task: { engine: 'builtin', name: 'sha256' },
      resources: { memory: { $param: 'memory' } }
    }
  } as const
  const check = (): void => {
    try {
      compileJob(checkJob(fillRecipe(template, { memory: 'much' })))
    } catch (cause) {
      throw blameParameter(template, cause)
    }
  }
  expect(check).toThrow(expect.objectContaining({ path: 'memory' }))
  expect(check).toThrow('the parameter "memory" makes no job')
})
