/**
 * How a sandbox host is started: with the rights to read its own code and nothing else, an empty
 * environment, and no terminal. Everything here is a belt below the WebAssembly boundary, which is
 * what really holds the guest.
 */
import { fork } from 'node:child_process'
import { parse } from 'node:path'
import { dyingWithParent } from './die-with-parent.ts'
import type { ChildProcess } from 'node:child_process'
import type { SandboxProgram } from './sandbox-program.ts'

/**
 * V8's own heap in a host. It holds little (an input, an output, glue), but V8 collects garbage the
 * more often the smaller this is: with 96 a fresh engine costs twice as much as with 256.
 */
const HEAP_MIB_MAX = 256

/** Starts one host; its pipe carries JSON, its stderr is the only stream. */
export function spawnSandboxHost(program: SandboxProgram): ChildProcess {
  const { entryPath, nodeFlags, readablePaths } = program
  const [execPath, ...words] = [...dyingWithParent(), process.execPath] as const
  return fork(entryPath, [], {
    execPath,
    execArgv: [
      ...words,
      '--permission',
      ...[...readablePaths, entryPath].map((path) => `--allow-fs-read=${path}`),
      `--max-old-space-size=${HEAP_MIB_MAX}`,
      '--expose-gc',
      '--no-warnings',
      ...nodeFlags
    ],
    // One time zone on all workers, so that a task's dates do not depend on where it ran.
    env: { TZ: 'UTC' },
    cwd: parse(entryPath).root,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'json'
  })
}
