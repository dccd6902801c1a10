import { describe, expect, expectTypeOf, it } from 'vitest'
import { callByName, createFunctionExecutor, onThread } from '../../../support/function-engine.ts'
import { defineFunction } from '../../../../src/index.ts'
import type { FunctionDefinitions, InputOf } from '../../../../src/index.ts'

const run = (): number => 1

describe('definitions', () => {
  it.each([
    ['a bad name', { 'a b': run }, 'functions.a b', 'use letters'],
    ['no function', { a: {} as never }, 'functions.a', 'write a function'],
    ['nothing at all', { a: null as never }, 'functions.a', 'write a function'],
    ['a bad count', { a: { run, concurrency: 0 } }, 'functions.a.concurrency', '1 or more'],
    ['no time', { a: { run, timeout: '0s' } }, 'functions.a.timeout', 'more than 0'],
    [
      'a misspelt option',
      { a: { run, shcema: {} } as never },
      'functions.a.shcema',
      'schema, concurrency'
    ],
    ['an option of modules', { a: { run, memory: '1GiB' } }, 'functions.a.memory', 'known: schema'],
    ['a path', { a: { module: './a.js' as never } }, 'functions.a.module', 'import.meta.url'],
    [
      'too little memory',
      { a: onThread('number', { memory: '1MiB' }) },
      'functions.a.memory',
      '16'
    ],
    [
      'a variable that is not set',
      { a: onThread('number', { env: { TZ: undefined as never } }) },
      'functions.a.env.TZ',
      'leave out'
    ]
  ] satisfies [string, FunctionDefinitions, string, string][])(
    'refuse %s',
    (_what, functions, path, hint) => {
      expect(refusalOf(functions)).toMatchObject({ code: 'CONFIG_INVALID', path })
      expect(refusalOf(functions).hint).toContain(hint)
    }
  )

  it.each([
    [{ type: 'nothing' }, 'data/type must be equal to one of the allowed values'],
    [{ type: 'object', requird: ['a'] }, 'unknown keyword: "requird"'],
    [{ $ref: 'elsewhere.json' }, "can't resolve reference elsewhere.json"],
    [{ type: 'string', pattern: '(' }, 'Unterminated group'],
    [{ $async: true, type: 'string' }, '$async']
  ])('refuse the schema %j and say why', (schema, why) => {
    const refusal = refusalOf({ a: { run, schema } })
    expect(refusal).toMatchObject({ code: 'CONFIG_INVALID', path: 'functions.a.schema' })
    expect(refusal.message).toContain(why)
  })

  it('take schemas as generators write them', () => {
    const schema = { type: 'string', format: 'email', description: 'whom to tell' }
    expect(() => createFunctionExecutor({ a: { run, schema } })).not.toThrow()
  })

  it('promise the isolation of the weakest, and to hold no limit', () => {
    const mixed = createFunctionExecutor({ number: onThread('number'), run })
    expect(mixed).toMatchObject({ isolation: 'none', enforces: [], names: ['number', 'run'] })
    expect(createFunctionExecutor({ number: onThread('number') }).isolation).toBe('thread')
  })
})

describe('the schema of an input', () => {
  const resize = defineFunction({
    schema: {
      type: 'object',
      required: ['width'],
      additionalProperties: false,
      properties: {
        width: { type: 'integer', minimum: 1 },
        fit: { enum: ['cover', 'contain'] },
        tags: { type: 'array', items: { type: 'string' } },
        size: { type: ['string', 'null'], description: 'small, or nothing' }
      }
    },
    run: ({ width }) => ({ width })
  })

  it.each([
    [{}, 'FIELD_MISSING', 'task.input.width', undefined],
    [{ width: 0 }, 'FIELD_INVALID', 'task.input.width', undefined],
    [{ width: 1, widht: 2 }, 'FIELD_UNKNOWN', 'task.input.widht', 'did you mean "width"?'],
    [{ width: 1, fit: 'covr' }, 'FIELD_INVALID', 'task.input.fit', 'did you mean "cover"?'],
    [{ width: 1, tags: ['a', 1] }, 'FIELD_INVALID', 'task.input.tags[1]', undefined],
    [{ width: 1, size: 1 }, 'FIELD_INVALID', 'task.input.size', 'small, or nothing'],
    [undefined, 'FIELD_INVALID', 'task.input', undefined]
  ])('refuses %j before the call, and names the field', async (input, code, path, hint) => {
    let isCalled = false
    const call = (): boolean => (isCalled = true)
    const executor = createFunctionExecutor({ resize: { ...resize, run: call } })
    await executor.start()
    const { error } = await callByName(executor, 'resize', input === undefined ? {} : { input })
    expect(error).toMatchObject({ code, path })
    expect(error?.hint).toBe(hint)
    expect(isCalled).toBe(false)
    await executor.stop()
  })

  it('gives its type to the function', () => {
    expectTypeOf(resize.run).parameter(0).toEqualTypeOf<{
      width: number
      fit?: 'cover' | 'contain'
      tags?: string[]
      size?: string | null
    }>()
    expectTypeOf(resize.run).returns.toEqualTypeOf<{ width: number }>()
    expectTypeOf<InputOf<{ anyOf: [{ type: 'boolean' }, { const: 7 }] }>>().toEqualTypeOf<
      boolean | 7
    >()
    expectTypeOf<InputOf<{ type: 'array' }>>().toEqualTypeOf<unknown[]>()
    expectTypeOf<InputOf<{ type: 'object' }>>().toEqualTypeOf<Record<string, unknown>>()
    expectTypeOf<InputOf<{ $ref: '#/somewhere' }>>().toBeUnknown()
    expectTypeOf({ resize }).toExtend<FunctionDefinitions>()
  })
})

function refusalOf(functions: FunctionDefinitions): { hint?: string; message: string } {
  try {
    createFunctionExecutor(functions)
  } catch (refusal) {
    return refusal as { message: string }
  }
  throw new Error('it was not refused')
}
