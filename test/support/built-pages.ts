/** The dashboard as nodes give it out: built anew where its source has changed since, for tests that look at it in a browser. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const BUILT = join(ROOT, 'dist', 'dashboard')
const CONFIG = join(ROOT, 'config', 'tools', 'vite.config.ts')
/** What a page takes in beside its own folder seldom changes by itself. */
const SOURCES = ['src/dashboard', 'src/client', 'src/core']

/** Several may ask at a time: each builds beside it, and the last one stays. */
export async function buildPages(): Promise<void> {
  const index = join(BUILT, 'index.html')
  if (existsSync(index) && statSync(index).mtimeMs > newestSourceMs()) return
  mkdirSync(dirname(BUILT), { recursive: true })
  const outDir = mkdtempSync(join(dirname(BUILT), 'dashboard-'))
  try {
    await build({ configFile: CONFIG, logLevel: 'error', build: { outDir } })
    rmSync(BUILT, { recursive: true, force: true, maxRetries: 5 })
    renameSync(outDir, BUILT)
  } finally {
    rmSync(outDir, { recursive: true, force: true, maxRetries: 5 })
  }
}

function newestSourceMs(): number {
  return SOURCES.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
  )
    .filter((entry) => entry.isFile())
    .reduce(
      (newest, { name, parentPath }) => Math.max(newest, statSync(join(parentPath, name)).mtimeMs),
      0
    )
}
