/** Job documents from files and stdin. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readEach, readInput } from '../../../src/cli/inputs.ts'
import { applySet } from '../../../src/cli/job-document.ts'
import { placeLocalFiles } from '../../../src/cli/local-files.ts'
import { runInProcess } from '../../support/fake-terminal.ts'
import type { Json } from '../../../src/core/json.ts'

function folderWith(files: Record<string, string | Uint8Array>): string {
  const folder = mkdtempSync(join(tmpdir(), 'taskmesh-documents-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

describe('--set', () => {
  test.each<[string, Record<string, Json>]>([
    ['priority=70', { priority: 70 }],
    ['name=seven', { name: 'seven' }],
    ['name="7"', { name: '7' }],
    ['resources.memory=256MiB', { resources: { memory: '256MiB' } }],
    ['route.weights={"cpu":1}', { route: { weights: { cpu: 1 } } }],
    ['task.args.text=a=b', { task: { args: { text: 'a=b' } } }]
  ])('%s', (change, expected) => {
    const document: Record<string, Json> = {}
    applySet(document, change)
    expect(document).toEqual(expected)
  })

  test('reaches into arrays', () => {
    const document: Record<string, Json> = { each: [{ input: 1 }, { input: 2 }] }
    applySet(document, 'each.1.input=5')
    expect(document).toEqual({ each: [{ input: 1 }, { input: 5 }] })
  })

  test.each(['nothing', '=1', 'a..b=1', '__proto__.x=1', 'a.constructor=1'])(
    '%s is refused',
    (change) => {
      expect(() => applySet({}, change)).toThrow(/is not a change/)
    }
  )

  test('what has no fields is refused', () => {
    expect(() => applySet({ name: 'x' }, 'name.first=y')).toThrow('name has no fields')
  })
})

describe('@file', () => {
  test('a source is read from beside the job file', () => {
    const folder = folderWith({ 'main.js': 'function main () {}' })
    const document: Record<string, Json> = { task: { engine: 'javascript', source: '@main.js' } }
    placeLocalFiles(document, folder)
    expect(document).toEqual({ task: { engine: 'javascript', source: 'function main () {}' } })
  })

  test('a source says its language by its name, unless the job does', () => {
    const folder = folderWith({ 'main.ts': 'function main () {}' })
    const source = 'function main () {}'
    const ofSource = (task: Json): Record<string, Json> => {
      const document: Record<string, Json> = { task }
      placeLocalFiles(document, folder)
      return document
    }
    const engine = 'javascript'
    expect(ofSource({ engine, source: '@main.ts' })).toEqual({
      task: { engine, source, language: 'typescript' }
    })
    expect(ofSource({ engine, source: '@main.ts', language: engine })).toEqual({
      task: { engine, source, language: engine }
    })
  })

  test('a module is read as bytes', () => {
    const folder = folderWith({ 'main.wasm': Uint8Array.of(0, 0x61, 0x73, 0x6d, 0xff) })
    const document: Record<string, Json> = { task: { engine: 'wasm', module: '@main.wasm' } }
    placeLocalFiles(document, folder)
    expect(document).toEqual({ task: { engine: 'wasm', module: 'base64:AGFzbf8=' } })
  })

  test('a folder in its place is named', async () => {
    const folder = folderWith({
      'job.json': '{"task":{"engine":"javascript","source":"@."}}'
    })
    const { code, stderr } = await runInProcess(['job', 'validate', join(folder, 'job.json')])
    expect(code).toBe(1)
    expect(stderr).toContain('it is a folder, not a file (task.source)')
  })

  test('a missing one is named', async () => {
    const folder = folderWith({
      'job.json': '{"task":{"engine":"javascript","source":"@gone.js"}}'
    })
    const { code, stderr } = await runInProcess(['job', 'validate', join(folder, 'job.json')])
    expect(code).toBe(1)
    expect(stderr).toContain(
      `error FILE_NOT_FOUND: ${join(folder, 'gone.js')}: there is no such file (task.source)`
    )
  })
})

describe('--input', () => {
  test('pairs make an object, JSON where it is JSON', () => {
    expect(readInput(['a=1', 'b=two', 'c=[3]', 'd=', 'e="5"'], '--input')).toEqual({
      a: 1,
      b: 'two',
      c: [3],
      d: '',
      e: '5'
    })
  })

  test('files are read as text in pairs and as JSON alone', () => {
    const here = folderWith({ 'a.txt': 'text', 'a.json': '{"x":[1]}' })
    expect(readInput([`text=@${here}/a.txt`], '--input')).toEqual({ text: 'text' })
    expect(readInput([`@${here}/a.json`], '--input')).toEqual({ x: [1] })
    expect(readInput(['who=@@me'], '--input')).toEqual({ who: '@me' })
  })

  test('one value that is no pair is the whole input', () => {
    expect(readInput(['[1,2]'], '--input')).toEqual([1, 2])
    expect(readInput([], '--input')).toBeUndefined()
    expect(() => readInput(['hello'], '--input')).toThrow('"hello" is not an input')
    expect(() => readInput(['a=1', 'hello'], '--input')).toThrow('"hello" is not an input')
  })

  test('--each takes items or plain inputs', () => {
    const here = folderWith({ 'each.json': '[{"id":"a","input":1},{"x":1},2]', 'no.json': '{}' })
    expect(readEach(`${here}/each.json`)).toEqual([
      { id: 'a', input: 1 },
      { input: { x: 1 } },
      { input: 2 }
    ])
    expect(() => readEach(`${here}/no.json`)).toThrow('must hold a JSON array')
  })
})

describe('job validate and init', () => {
  test('says what a good document is', async () => {
    const stdin = '{"task":{"engine":"builtin","name":"noop"},"each":[{},{}]}'
    const { code, stdout } = await runInProcess(['job', 'validate', '-'], { stdin })
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'valid: 2 tasks for engine builtin\n' })
  })

  test.each([
    [
      '{"task":{"engine":"builtin","name":"noop"},"timout":{}}',
      'error FIELD_UNKNOWN: timout is not a field here; did you mean "timeouts"?'
    ],
    ['{"task":', 'error REQUEST_NOT_JSON: this is not JSON'],
    ['[]', 'error FIELD_INVALID: a job is a JSON object (stdin)'],
    [
      '{"task":{"engine":"process","argv":["sort"],"env":{"LD_PRELOAD":"x"}}}',
      'error FIELD_INVALID: task.env.LD_PRELOAD may not be set; it would run other code'
    ]
  ])('%s', async (stdin, expected) => {
    const { code, stderr } = await runInProcess(['job', 'validate', '-'], { stdin })
    expect(code).toBe(1)
    expect(stderr).toContain(expected)
  })

  test('init writes what validate accepts, and replaces nothing unasked', async () => {
    const file = join(folderWith({}), 'job.json')
    expect((await runInProcess(['job', 'init', file])).code).toBe(0)
    expect((await runInProcess(['job', 'validate', file])).stdout).toContain(
      '3 tasks for engine javascript'
    )
    expect((await runInProcess(['job', 'init', file])).stderr).toContain('exists already')
    expect((await runInProcess(['job', 'init', file, '--force', '--engine', 'builtin'])).code).toBe(
      0
    )
  })
})
