/**
 * Programs that nobody wrote for us run unchanged, each with what it is made for: arguments, stdin, files
 * in and files out. `test/fixtures/wasm/README.md` says what they are. Two are too large to stand in a
 * job's document (`sqlite3`, `ripgrep`); the engine takes them all the same.
 */
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MIB, summary } from './run-javascript.ts'
import { createWasmExecutor, resultOf, runModule, wasmFixture } from './run-wasm.ts'
import { taskTerms } from '../../support/task-terms.ts'
import type { RecordedOutcome } from '../../conformance/executor-recorder.ts'
import type { WasmFixture } from '../../support/wasm-fixture.ts'
import type { WasmInput, WasmResult } from './run-wasm.ts'

type Run = (args: string[], input?: WasmInput) => Promise<RecordedOutcome>

const TEXT = 'The quick brown fox jumps over the lazy dog.\n'.repeat(200)
const PEOPLE =
  '[{"name":"Ada","born":1815},{"name":"Alan","born":1912},{"name":"Kurt","born":1906}]'

const executor = createWasmExecutor({ size: 2, warmCount: 2 })
beforeAll(() => executor.start())
afterAll(() => executor.stop())

function program(name: WasmFixture): Run {
  const module = wasmFixture(name)
  return (args, input = {}) => runModule(executor, { module, args, ...input })
}

function stdoutOf(outcome: RecordedOutcome): string | undefined {
  return resultOf(outcome).stdout
}

function bytesOf({ stdout_base64: encoded = '' }: WasmResult): Buffer {
  return Buffer.from(encoded, 'base64')
}

describe('minigzip (C, compresses)', () => {
  const minigzip = program('minigzip')

  it('packs a stream and unpacks a file beside it', async () => {
    const packed = bytesOf(resultOf(await minigzip(['-9'], { stdin: TEXT })))
    expect(gunzipSync(packed).toString()).toBe(TEXT)
    const unpacked = await minigzip(['-d', 'in/text.gz'], {
      files: [{ path: 'in/text.gz', base64: gzipSync(TEXT).toString('base64') }],
      outputs: ['in']
    })
    expect(resultOf(unpacked).files).toEqual([{ path: 'in/text', bytes: TEXT.length, text: TEXT }])
  })
})

describe('zopfli (C, compresses with doubles)', () => {
  it('packs a file beside it', async () => {
    const outcome = await program('zopfli')(['--i1', 'text'], {
      files: [{ path: 'text', text: TEXT }],
      outputs: ['text.gz']
    })
    const [file] = resultOf(outcome).files ?? []
    expect(gunzipSync(Buffer.from(file?.base64 ?? '', 'base64')).toString()).toBe(TEXT)
  })
})

describe('bzip2 (C, compresses)', () => {
  const bzip2 = program('bzip2')
  /** `printf 'hello\n' | bzip2 -9` of the native program. */
  const HELLO = 'QlpoOTFBWSZTWcHAgOIAAAFBAAAQAkSgADDNAMNGKZcXckU4UJDBwIDi'

  it('gives the very bytes of the native program', async () => {
    expect(resultOf(await bzip2(['-9'], { stdin: 'hello\n' })).stdout_base64).toBe(HELLO)
    expect(stdoutOf(await bzip2(['-dc'], { stdin: `base64:${HELLO}` }))).toBe('hello\n')
  })

  it('replaces files by packed ones, and unpacks them again', async () => {
    const files = [{ path: 'a/text', text: TEXT }]
    const packed = resultOf(await bzip2(['a/text'], { files, outputs: ['a'] })).files ?? []
    expect(packed.map(({ path }) => path)).toEqual(['a/text.bz2'])
    const again = [{ path: 'text.bz2', base64: packed[0]?.base64 ?? '' }]
    const unpacked = await bzip2(['-dk', 'text.bz2'], { files: again, outputs: ['text'] })
    expect(resultOf(unpacked).files?.[0]?.text).toBe(TEXT)
  })

  it('complains of what is not packed, in its own words', async () => {
    expect(summary(await bzip2(['-t', 'x'], { files: [{ path: 'x', text: 'plain' }] }))).toMatch(
      /^TASK_FAILED: the program ended with exit code 2\n[^]*x: bad magic number/
    )
  })
})

describe('cmark (C, text to text)', () => {
  const cmark = program('cmark')

  it('makes HTML of Markdown from stdin', async () => {
    const stdin = '# Hi *there*\n\n- `a`\n- <b@c.de>\n'
    expect(stdoutOf(await cmark(['--to', 'html'], { stdin }))).toBe(
      '<h1>Hi <em>there</em></h1>\n<ul>\n<li><code>a</code></li>\n<li><a href="mailto:b@c.de">b@c.de</a></li>\n</ul>\n'
    )
  })

  it('reads several files into one document', async () => {
    const files = [
      { path: '1.md', text: 'größe &copy;\n\n' },
      { path: '2.md', text: '***\n' }
    ]
    expect(stdoutOf(await cmark(['1.md', '2.md'], { files }))).toBe('<p>größe ©</p>\n<hr />\n')
  })
})

describe('xmlwf (C, checks XML)', () => {
  const xmlwf = program('xmlwf')

  it('writes files in canonical form into a folder', async () => {
    const files = [
      { path: 'a.xml', text: '<a z="1"  b=\'&lt;é\'><c/></a>' },
      { path: 'out/.keep', text: '' }
    ]
    const outcome = await xmlwf(['-d', 'out', 'a.xml'], { files, outputs: ['out/a.xml'] })
    expect(resultOf(outcome).files?.[0]?.text).toBe('<a b="&lt;é" z="1"><c></c></a>')
  })

  it('complains on stdout, which the error then shows, and the log', async () => {
    const files = [{ path: 'bad.xml', text: '<a><b></a>' }]
    const outcome = await xmlwf(['bad.xml'], { files })
    expect(summary(outcome)).toBe(
      'TASK_FAILED: the program ended with exit code 2\nbad.xml:1:8: mismatched tag'
    )
    expect(outcome.log.map(({ stream, text }) => [stream, text])).toEqual([
      ['out', 'bad.xml:1:8: mismatched tag\n']
    ])
  })
})

describe('jq (C, an interpreter)', () => {
  const jq = program('jq')

  it('runs a program over a file', async () => {
    const code = '[.[] | select(.born < 1910) | {(.name | ascii_upcase): (2000 - .born)}] | add'
    const files = [{ path: 'people.json', text: PEOPLE }]
    expect(stdoutOf(await jq(['-c', code, 'people.json'], { files }))).toBe(
      '{"ADA":185,"KURT":94}\n'
    )
  })

  it('knows its variables, its mathematics and the time of its job', async () => {
    const code = '[$ENV.WHO, (2 | pow(.; 10)), (now | todate), $x]'
    const input = { env: { WHO: 'é' }, stdin: 'null', time: '2024-02-29T12:00:00Z' }
    expect(stdoutOf(await jq(['-c', '--argjson', 'x', '[1]', code], input))).toBe(
      '["é",1024,"2024-02-29T12:00:00Z",[1]]\n'
    )
  })

  it('says that its memory was too small, though it filled but half of it', async () => {
    const task = { module: wasmFixture('jq'), args: ['-n', '[range(1e9)] | length'] }
    const outcome = await runModule(executor, task, { memoryBytesMax: 32 * MIB })
    expect(summary(outcome)).toMatch(
      /^TASK_OUT_OF_MEMORY: the program trapped: unreachable[^]*its memory had grown to 1\S+ of the 32MiB .*\nerror: cannot allocate memory$/
    )
  })

  it('recurses as deep as it likes', async () => {
    const code = '[limit(100000; repeat(1))] | length, (reduce range(100000) as $i (0; . + $i))'
    expect(stdoutOf(await jq(['-n', code]))).toBe('100000\n4999950000\n')
  })
})

describe('sqlite3 (C, a database)', () => {
  const sqlite3 = program('sqlite3')

  it('makes a database in a file, and reads it in another task', async () => {
    const statements = [
      'CREATE TABLE people (name TEXT PRIMARY KEY, born INTEGER);',
      "INSERT INTO people SELECT value ->> 'name', value ->> 'born' FROM json_each(readfile('people.json'));",
      'CREATE INDEX by_year ON people (born);'
    ]
    const made = await sqlite3(['people.db'], {
      stdin: statements.join('\n'),
      files: [{ path: 'people.json', text: PEOPLE }],
      outputs: ['people.db']
    })
    const [file] = resultOf(made).files ?? []
    const query = 'PRAGMA integrity_check; SELECT group_concat(name) FROM people WHERE born > 1900;'
    const read = await sqlite3(['people.db', query], {
      files: [{ path: 'people.db', base64: file?.base64 ?? '' }]
    })
    expect(stdoutOf(read)).toBe('ok\nKurt,Alan\n')
  })

  it('rolls back and sorts beyond its cache, in files of its own', async () => {
    const sql = [
      'PRAGMA cache_size = 10; PRAGMA temp_store = FILE;',
      'CREATE TABLE t AS WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n LIMIT 20000) SELECT x, hex(x * 7919 % 20011) AS y FROM n;',
      'BEGIN; DELETE FROM t; ROLLBACK;',
      'SELECT count(*), min(x) FROM (SELECT x FROM t ORDER BY y);'
    ]
    expect(stdoutOf(await sqlite3(['t.db'], { stdin: sql.join('\n') }))).toBe('20000|1\n')
  })

  it('draws the same numbers at the same time, as often as it is asked', async () => {
    const stdin = "SELECT hex(randomblob(16)), datetime('now'), random();"
    const first = stdoutOf(await sqlite3([], { stdin }))
    expect(first).toMatch(/^[0-9A-F]{32}\|2026-01-01 00:00:00\|-?\d+\n$/)
    expect(stdoutOf(await sqlite3([], { stdin }))).toBe(first)
    expect(stdoutOf(await sqlite3([], { stdin, seed: taskTerms().seed }))).toBe(first)
    expect(stdoutOf(await sqlite3([], { stdin, seed: 7 }))).not.toBe(first)
  })
})

describe('ripgrep (Rust, walks folders)', () => {
  const ripgrep = program('ripgrep')
  const files = [
    { path: 'src/a.txt', text: 'one\nfoo 1\n' },
    { path: 'src/deep/b.txt', text: 'FOO\nfooooo 22\n' },
    { path: 'src/.hidden', text: 'foo' },
    { path: 'src/.ignore', text: 'skipped\n' },
    { path: 'src/skipped', text: 'foo' }
  ]

  it('finds lines in a tree as the native program does', async () => {
    const outcome = await ripgrep(['-n', '--sort', 'path', String.raw`fo+ \d`, 'src'], { files })
    expect(stdoutOf(outcome)).toBe('src/a.txt:2:foo 1\nsrc/deep/b.txt:2:fooooo 22\n')
  })

  it('counts in a stream, and tells of nothing found by its exit code', async () => {
    expect(stdoutOf(await ripgrep(['-ci', 'FOO', '-'], { stdin: 'foo\nx\nFoo\n' }))).toBe('2\n')
    expect(summary(await ripgrep(['absent', 'src'], { files }))).toBe(
      'TASK_FAILED: the program ended with exit code 1'
    )
  })
})

it('several run side by side, under little memory', async () => {
  const cmark = program('cmark')
  const module = wasmFixture('minigzip')
  const [html, packed] = await Promise.all([
    cmark([], { stdin: TEXT }),
    runModule(executor, { module, stdin: TEXT }, { memoryBytesMax: MIB })
  ])
  expect(stdoutOf(html)).toMatch(/^<p>The quick/)
  expect(gunzipSync(bytesOf(resultOf(packed))).toString()).toBe(TEXT)
})
