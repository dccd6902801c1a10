/**
 * How a sandbox host is started: with the rights to read its own code and nothing else, an empty
 * environment, and no terminal. Everything here is a belt below the WebAssembly boundary, which is
 * what really holds the guest.
 */
import { fork } from 'node:child_process'
import { readFileSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, extname, join, parse, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ChildProcess } from 'node:child_process'

export interface SandboxSpawnInit {
  /** More flags for the hosts' Node. @default [] */
  nodeFlags?: readonly string[]
  /** File that a host runs; tests put a broken one here. @default the sandbox's own */
  entryPath?: string
}

/**
 * V8's own heap in a host. It holds little (an input, an output, glue), but V8 collects garbage the
 * more often the smaller this is: with 96 a fresh engine costs twice as much as with 256.
 */
const HEAP_MIB_MAX = 256
/** Deep recursion in the guest needs this much of the host's stack: three quarters of the usual 8 MiB. */
const STACK_KIB_MAX = 6_000

const here = fileURLToPath(import.meta.url)
const extension = extname(here)
const DEFAULT_ENTRY = join(dirname(here), 'sandbox', `entry${extension}`)

/** Starts one host; its pipe carries JSON, its stderr is the only stream. */
export function spawnSandboxHost(init: SandboxSpawnInit): ChildProcess {
  const entryPath = init.entryPath ?? DEFAULT_ENTRY
  return fork(entryPath, [], {
    execArgv: [
      '--permission',
      ...readablePaths(entryPath).map((path) => `--allow-fs-read=${path}`),
      `--max-old-space-size=${HEAP_MIB_MAX}`,
      `--stack-size=${stackKib()}`,
      '--expose-gc',
      '--no-warnings',
      ...(init.nodeFlags ?? [])
    ],
    // One time zone on all workers, so that a task's dates do not depend on where it ran.
    env: { TZ: 'UTC' },
    cwd: parse(entryPath).root,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'json'
  })
}

/** The host's own code: two folders of ours and three packages. */
function readablePaths(entryPath: string): string[] {
  const packages = ['quickjs-emscripten-core', '@jitl/quickjs-wasmfile-release-sync']
  const fromHere = createRequire(import.meta.url)
  const types = createRequire(fromHere.resolve('quickjs-emscripten-core')).resolve(
    '@jitl/quickjs-ffi-types'
  )
  const folders = [
    dirname(DEFAULT_ENTRY),
    join(dirname(here), '..', 'core'),
    ...packages.map((name) => packageFolder(fromHere.resolve(name))),
    packageFolder(types)
  ]
  const real = folders.map((folder) => realpathSync(folder))
  return [...new Set([...folders, ...real].map((folder) => folder + sep)), entryPath]
}

/** The folder above `dist`, where `package.json` lies. */
function packageFolder(mainFile: string): string {
  return dirname(dirname(mainFile))
}

/** At most three quarters of what the system grants: beyond its end lies a crash, not an error. */
function stackKib(): number {
  if (process.platform !== 'linux') return STACK_KIB_MAX
  const granted = /^Max stack size\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
  return granted === undefined
    ? STACK_KIB_MAX
    : Math.min(STACK_KIB_MAX, Math.floor((Number(granted) * 3) / 4_096))
}
