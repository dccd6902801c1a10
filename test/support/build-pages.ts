/** Before tests that look at the dashboard: it is built, if it is older than what it is built from. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** What it is made of besides is types, and libraries whose versions stand in the package. */
const SOURCES = ['src/dashboard', 'src/client', 'src/core', 'config/tools/vite.config.ts']
const BUILT = 'dist/dashboard/index.html'

export async function setup(): Promise<void> {
  const newestMs = Math.max(...SOURCES.map((path) => newestOf(join(ROOT, path))))
  const built = statSync(join(ROOT, BUILT), { throwIfNoEntry: false })
  if (built !== undefined && built.mtimeMs > newestMs) return
  await build({ configFile: join(ROOT, 'config/tools/vite.config.ts'), logLevel: 'warn' })
}

function newestOf(path: string): number {
  const own = statSync(path)
  if (!own.isDirectory()) return own.mtimeMs
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' })
  return Math.max(...names.map((name) => statSync(join(path, name)).mtimeMs))
}
