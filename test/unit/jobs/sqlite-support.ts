/** A folder per test file, and processes of their own for what only a process can show. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll } from 'vitest'
import { SqliteJobStore } from '../../../src/jobs/sqlite/store.ts'
import type { ChildProcess } from 'node:child_process'
import type { MeshError } from '../../../src/core/errors.ts'

let fileCount = 0

/** Names a database that doesn't exist yet, in a folder that goes when the tests are over. */
export function useFiles(): () => string {
  const folder = mkdtempSync(join(tmpdir(), 'sqlite-store-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return () => {
    fileCount += 1
    return join(folder, `${fileCount}`, 'jobs.db')
  }
}

/** A store that is open; without waiting for the disk, unless that is what a case is about. */
export async function opened(
  file: string,
  sync: 'full' | 'normal' = 'normal'
): Promise<SqliteJobStore> {
  const store = new SqliteJobStore({ file, sync })
  await store.start()
  return store
}

/** Why the file can't be opened. */
export async function refusal(file: string): Promise<MeshError> {
  const store = new SqliteJobStore({ file })
  const cause = await store.start().then(
    () => new Error('it was opened'),
    (error: unknown) => error
  )
  await store.stop()
  return cause as MeshError
}

export async function idsOf(store: SqliteJobStore): Promise<string[]> {
  const jobs = await store.jobs({ limit: 1_000_000 })
  return jobs.map((job) => job.id).toSorted()
}

export interface Script {
  child: ChildProcess
  lines: AsyncIterator<string, undefined>
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

/** Runs a script that finds `SqliteJobStore`, `submission`, `file` and `say(line)` in scope. */
export function runScript(file: string, body: string): Script {
  const source = `
    import { writeSync } from 'node:fs'
    import { SqliteJobStore } from ${quoted('../../../src/jobs/sqlite/store.ts')}
    import { submission } from ${quoted('../../conformance/job-store-records.ts')}
    const file = ${JSON.stringify(file)}
    const say = (line) => writeSync(1, line + '\\n')
    ${body}`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const { promise: exited, resolve } = Promise.withResolvers<Awaited<Script['exited']>>()
  child.on('exit', (code, signal) => resolve({ code, signal }))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return { child, lines: lines as Script['lines'], exited }
}

function quoted(path: string): string {
  return JSON.stringify(new URL(path, import.meta.url).href)
}
