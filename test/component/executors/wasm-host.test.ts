/** What a host of the wasm engine may do on its machine: nothing beyond running programs. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { SandboxPool } from '../../../src/executors/sandbox/sandbox-pool.ts'
import { recordRun } from '../../conformance/executor-recorder.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { wasmProgram } from '../../../src/executors/wasm/wasm-executor.ts'
import { taskTerms } from '../../support/task-terms.ts'

const entryPath = fileURLToPath(new URL('fixtures/hostile-host.mjs', import.meta.url))

it.each(['readFile', 'spawn', 'loadWasi'])(
  'a host that was taken over may not %s',
  async (deed) => {
    const program = { ...wasmProgram(), entryPath }
    const pool = new SandboxPool<{ source: string }>({ clock: systemClock, program })
    onTestFinished(() => pool.stop())
    await pool.start()
    const terms = taskTerms({ timeoutMs: 10_000, memoryBytesMax: 2 ** 26 })
    const outcome = await recordRun((listener) =>
      pool.run({ source: deed }, { ...terms, ...listener })
    )
    expect(outcome.output).toBe('"ERR_ACCESS_DENIED"')
  }
)

it('a host has no secret of its parent', async () => {
  process.env['TASKMESH_TEST_SECRET'] = 'hunter2'
  const pool = new SandboxPool({ clock: systemClock, program: wasmProgram() })
  onTestFinished(() => pool.stop())
  await pool.start()
  delete process.env['TASKMESH_TEST_SECRET']
  const [pid = 0] = pool.pids
  const names = readFileSync(`/proc/${pid}/environ`, 'utf8')
    .split('\0')
    .map((entry) => entry.split('=')[0])
  expect(names.filter((name) => name !== '' && !name?.startsWith('NODE_CHANNEL'))).toEqual(['TZ'])
})
