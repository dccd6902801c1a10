/** An API server with fakes behind it, and a home as a running router leaves it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { TOKEN, startApi } from './start-api.ts'
import type { RunningApi } from './start-api.ts'

/** A folder for each router that is named. */
export function homeOf(
  ...entries: { url: string; token?: string; pid?: number; ca?: string }[]
): string {
  const home = mkdtempSync(join(tmpdir(), 'taskmesh-home-'))
  onTestFinished(() => rmSync(home, { recursive: true }))
  entries.forEach(({ url, token = TOKEN, pid = process.pid, ca }, index) => {
    mkdirSync(join(home, `router-${index}`))
    writeFileSync(
      join(home, `router-${index}`, 'api.json'),
      JSON.stringify({ url, token, pid, ca })
    )
  })
  return home
}

/** With what commands find it by. */
export async function startWithHome(): Promise<RunningApi & { env: Record<string, string> }> {
  const api = await startApi()
  return { ...api, env: { TASKMESH_HOME: homeOf(api) } }
}
