/** Checks on what is published: schemas, their examples, the types made from them, and the tables in docs/. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { generateTypes } from '../config/tools/generate-types.ts'
import { ROLES, optionsOf } from '../src/config/options.ts'
import { ERROR_CATALOGUE } from '../src/core/errors.ts'
import { REASONS } from '../src/jobs/reasons.ts'
import { LIMITS } from '../src/core/limits.ts'
import { checkJob, compileJob } from '../src/model/job.ts'
import { schemaDocuments, validatorFor } from '../src/model/validate.ts'
import { COMMAND_NAMES, COMMANDS } from '../src/protocol/commands.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

interface SchemaDocument {
  $id: string
  title: string
  description: string
  examples?: unknown[]
  $defs?: Record<string, object>
  properties?: Record<string, object>
}

const names = [...schemaDocuments.keys()]

function documentOf(name: string): SchemaDocument {
  return schemaDocuments.get(name) as SchemaDocument
}

/** With every check that ajv has; the program's own instance leaves one out to allow `required` in branches. */
function strictAjv(): Ajv2020 {
  const ajv = new Ajv2020({
    strict: true,
    strictRequired: false,
    allowUnionTypes: true,
    discriminator: true,
    validateFormats: true
  })
  for (const schema of schemaDocuments.values()) ajv.addSchema(schema)
  return ajv
}

describe.each(names)('schema %s', (name) => {
  test('says what it is, and is found under its name', () => {
    const { $id, description, title } = documentOf(name)
    expect($id).toBe(`taskmesh:///${name}.schema.json`)
    expect(title).toMatch(/^[A-Z][A-Za-z]+$/)
    expect(description.length).toBeGreaterThan(10)
  })

  test('compiles strictly, each of its definitions too', () => {
    const ajv = strictAjv()
    const { $defs = {}, $id } = documentOf(name)
    expect(ajv.getSchema($id)).toBeTypeOf('function')
    for (const key of Object.keys($defs)) {
      expect([key, typeof ajv.getSchema(`${$id}#/$defs/${key}`)]).toEqual([key, 'function'])
    }
  })

  test('has examples, and all fit', () => {
    const { examples = [] } = documentOf(name)
    expect(examples.length).toBeGreaterThan(0)
    const check = validatorFor(name)
    for (const example of examples) expect(check(example)).toBe(example)
  })
})

test('the generated types are those of the schemas', async () => {
  const modules = await generateTypes()
  const old: string[] = []
  for (const [file, text] of modules) {
    const written = readFileSync(join(ROOT, 'src/model/generated', file), 'utf8')
    if (written !== text) old.push(`${file}: run \`npm run generate\``)
  }
  expect(old).toEqual([])
  expect(modules.size).toBe(names.length)
})

test('the examples of jobs compile', () => {
  for (const example of documentOf('job').examples ?? []) {
    expect(() => compileJob(checkJob(example))).not.toThrow()
  }
})

test('every command has a schema of its own, and its examples fit both ways', () => {
  const files = COMMAND_NAMES.map((name) => `commands/${name.toLowerCase().replaceAll('_', '-')}`)
  expect(names.filter((name) => name.startsWith('commands/'))).toEqual(files.toSorted())
  for (const name of COMMAND_NAMES) {
    const file = `commands/${name.toLowerCase().replaceAll('_', '-')}`
    for (const example of documentOf(file).examples ?? []) {
      const { params, result } = example as { params: object; result: object }
      expect(COMMANDS[name].checkParams(params)).toBe(params)
      expect(COMMANDS[name].checkResult(result)).toBe(result)
    }
  }
})

describe.each(ROLES)('settings of a %s', (role) => {
  test('have defaults that fit', () => {
    const file = join(ROOT, `config/${role}.default.json`)
    const defaults = JSON.parse(readFileSync(file, 'utf8')) as object
    expect(validatorFor(`config/${role}`)(defaults)).toBe(defaults)
  })

  test('are the same in the schema and on the command line', () => {
    const { properties = {} } = documentOf(`config/${role}`)
    const keys = optionsOf(role).map(({ key }) => key)
    const own = Object.keys(properties).filter((key) => key !== '$schema')
    expect(own.toSorted()).toEqual(keys.toSorted())
  })
})

/** The cells of every row of a page's tables that begins with a code. */
function rowsOf(page: string): string[][] {
  const text = readFileSync(join(ROOT, 'docs', page), 'utf8')
  return text
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim().replaceAll('`', '')))
}

test('docs/errors.md has every code, with its figures, once', () => {
  const rows = rowsOf('errors.md')
  const told = rows.map(([code, status, blame, again]) => [code, status, blame, again])
  const known = Object.entries(ERROR_CATALOGUE).map(([code, { blame, httpStatus, retryable }]) => [
    code,
    String(httpStatus),
    blame,
    retryable ? 'yes' : 'no'
  ])
  expect(told.toSorted(byFirst)).toEqual(known.toSorted(byFirst))
  const brief = rows.filter((cells) => cells.slice(4).some((text) => text.length < 6))
  expect(brief).toEqual([])
})

test('docs/reasons.md has every reason once, and none that is an error', () => {
  const told = rowsOf('reasons.md').map(([reason]) => reason)
  expect(told).toEqual([...REASONS])
  expect(told.filter((reason) => Object.hasOwn(ERROR_CATALOGUE, reason ?? ''))).toEqual([])
})

test('docs/limits.md has every limit, with its number, once', () => {
  const told = rowsOf('limits.md').map(([name, value]) => [name, readAmount(value ?? '')])
  expect(told.toSorted(byFirst)).toEqual(Object.entries(LIMITS).toSorted(byFirst))
})

function byFirst([left]: readonly unknown[], [right]: readonly unknown[]): number {
  return String(left) < String(right) ? -1 : 1
}

/** `4 MiB + 64 KiB` → its number. */
function readAmount(text: string): number {
  const units: Record<string, number> = { KiB: 2 ** 10, MiB: 2 ** 20, TiB: 2 ** 40, ms: 1 }
  return text
    .split('+')
    .map((part) => part.trim().split(' '))
    .reduce((sum, [digits = '', unit]) => {
      return (
        sum + Number(digits.replaceAll(',', '')) * (unit === undefined ? 1 : (units[unit] ?? NaN))
      )
    }, 0)
}
