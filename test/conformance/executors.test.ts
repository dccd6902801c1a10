/** All engines against the one suite. */
import { expect } from 'vitest'
import { BuiltinExecutor } from '../../src/executors/builtin-executor.ts'
import { JavascriptExecutor } from '../../src/executors/javascript/javascript-executor.ts'
import { PROBE } from '../component/executors/run-wasm.ts'
import { StorageExecutor } from '../../src/executors/storage-executor.ts'
import { WasmExecutor } from '../../src/executors/wasm/wasm-executor.ts'
import { runExecutorFilesSuite } from './executor-files-suite.ts'
import { runExecutorSuite } from './executor-suite.ts'
import { sleep } from '../../src/core/abort.ts'
import { systemClock } from '../../src/core/clock.ts'
import type { FileKeeper } from '../../src/executors/storage-executor.ts'
import type { Json } from '../../src/core/json.ts'
import type { TaskDocument } from '../../src/model/job.ts'

runExecutorSuite('builtin', () => ({
  executor: new BuiltinExecutor({ clock: systemClock }),
  slotCount: 8,
  numbered: (number) => ({ engine: 'builtin', name: 'echo', args: { number } }),
  failing: { task: { engine: 'builtin', name: 'sha256', args: {} }, code: 'FIELD_MISSING' },
  endless: { engine: 'builtin', name: 'sleep', args: { ms: 600_000 } },
  reporting: { engine: 'builtin', name: 'sleep', args: { ms: 600_000 } }
}))

runExecutorSuite('javascript', () => ({
  executor: new JavascriptExecutor({ clock: systemClock }, { size: 3, warmCount: 1 }),
  slotCount: 3,
  numbered: (number) => ({
    engine: 'javascript',
    source: 'function main (number) { return { number } }',
    input: number
  }),
  failing: {
    task: { engine: 'javascript', source: 'function main () { throw new Error("no") }' },
    code: 'TASK_FAILED'
  },
  endless: { engine: 'javascript', source: 'function main () { for (;;); }' },
  reporting: {
    engine: 'javascript',
    source: 'function main () { progress(0.5, "half"); for (;;); }'
  },
  counting: {
    engine: 'javascript',
    source: `function main () {
      for (let i = 0; i < 100; i += 1) (i % 2 === 0 ? console.log : console.error)(i)
      for (;;);
    }`
  },
  chatty: {
    engine: 'javascript',
    source: 'function main () { for (let i = 0; i < 20_000; i += 1) console.log("line", i) }'
  },
  flooding: { engine: 'javascript', source: 'function main () { return "x".repeat(5e6) }' }
}))

/** A keeper of files whose ids are their sizes; what nobody has never comes. */
const keep = (number: number | string): TaskDocument => ({
  engine: 'storage',
  file: `mesh:${number}`,
  until: '2100-01-01T00:00:00Z'
})

const keeper: FileKeeper = {
  keep: async ({ file, untilMs }, { onProgress, signal }) => {
    expect(untilMs).toBe(Date.UTC(2100, 0))
    const sizeBytes = Number(file.replace('mesh:', ''))
    if (Number.isFinite(sizeBytes)) return { file, sizeBytes, kind: 'file' }
    onProgress({ bytes: 1, totalBytes: 2 })
    onProgress({ bytes: 0, totalBytes: 0 })
    return await sleep(systemClock, 600_000, { signal }).then(() =>
      expect.fail('nobody stopped it')
    )
  }
}

runExecutorSuite('storage', () => ({
  executor: new StorageExecutor({ clock: systemClock, keeper }),
  slotCount: 8,
  numbered: keep,
  numberedOutput: (number) => ({
    file: `mesh:${number}`,
    size: number,
    kind: 'file',
    until: '2100-01-01T00:00:00.000Z'
  }),
  failing: {
    task: { engine: 'storage', file: 'mesh:1', until: '2001-01-01T00:00:00Z' },
    code: 'FIELD_INVALID'
  },
  endless: keep('nobody'),
  reporting: keep('nobody')
}))

const probe = (...args: string[]): TaskDocument => ({ engine: 'wasm', module: PROBE, args })

runExecutorSuite('wasm', () => ({
  executor: new WasmExecutor({ clock: systemClock }, { size: 3, warmCount: 1 }),
  slotCount: 3,
  numbered: (number) => probe('number', String(number)),
  numberedOutput: (number) => ({ exit_code: 0, stdout: `{"number":${number}}` }),
  failing: { task: probe('exit', '1'), code: 'TASK_FAILED' },
  endless: probe('spin'),
  reporting: probe('progress'),
  counting: probe('count'),
  // Its stdout is the result.
  streamOf: () => 'err',
  chatty: probe('chatty'),
  flooding: probe('flood', 'out', '4096')
}))

const javascript = (body: string, input: Json): TaskDocument => ({
  engine: 'javascript',
  source: `function main (path) { ${body} }`,
  input
})

runExecutorFilesSuite('javascript', () => ({
  executor: new JavascriptExecutor({ clock: systemClock }),
  reading: (path) => javascript('return files.text(path)', path),
  textOf: (output) => JSON.parse(output) as string,
  missing: (path) => javascript('if (files.names().includes(path)) throw new Error(path)', path),
  measuring: (path) => javascript('return String(files.bytes(path).length)', path),
  tampering: (path) =>
    javascript(
      `files.bytes(path).fill(0)
      for (const name of [path, path + '/x']) try { files.write(name, 'spoiled') } catch {}
      return files.text(path)`,
      path
    ),
  copying: (...pairs) =>
    javascript('for (const [from, to] of path) files.write(to, files.bytes(from))', pairs),
  copyingAndFailing: (from, to) =>
    javascript('files.write(path[1], files.text(path[0])); throw new Error("no")', [from, to])
}))

runExecutorFilesSuite('wasm', () => ({
  executor: new WasmExecutor({ clock: systemClock }),
  reading: (path) => probe('copy', path, '/dev/stdout'),
  textOf: (output) => (JSON.parse(output) as { stdout: string }).stdout,
  missing: (path) => probe('missing', path),
  measuring: (path) => probe('measure', path),
  tampering: (path) => probe('tamper', path),
  copying: (...pairs) => probe('copies', ...pairs.flat()),
  copyingAndFailing: (from, to) => probe('copies', from, to, 'absent', 'x')
}))
