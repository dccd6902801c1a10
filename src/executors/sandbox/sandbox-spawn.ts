/**
 * How a sandbox host is started: with the rights to read its own code and nothing else, an empty
 * environment, and no terminal. Everything here is a belt below the WebAssembly boundary, which is
 * what really holds the guest.
 */
import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'
import { parse, sep } from 'node:path'
import { hostCommand } from './host-command.ts'
import { inheritedDescriptors } from '../inherited-descriptors.ts'
import type { ChildProcess } from 'node:child_process'
import type { SandboxProgram } from './sandbox-program.ts'

/**
 * V8's own heap in a host. It holds little (an input, an output, glue), but V8 collects garbage the
 * more often the smaller this is: with 96 a fresh engine costs twice as much as with 256.
 */
const HEAP_MIB_MAX = 256

/** Node 22.12 has it under its older name only. */
const PERMISSION_FLAG = process.allowedNodeEnvironmentFlags.has('--permission')
  ? '--permission'
  : '--experimental-permission'

/** Starts one host: beside its stderr it has two descriptors, the pipes of `message-pipe.ts` and `byte-pipe.ts`. */
export function spawnSandboxHost(program: SandboxProgram): ChildProcess {
  const { entryPath, nodeFlags, readablePaths } = program
  const [file, ...words] = [...hostCommand(entryPath), process.execPath] as const
  const flags = [
    PERMISSION_FLAG,
    ...outermost([...readablePaths, entryPath]).map((path) => `--allow-fs-read=${path}`),
    `--max-old-space-size=${HEAP_MIB_MAX}`,
    '--expose-gc',
    '--no-warnings',
    ...nodeFlags
  ]
  const nothing = openSync(devNull, 'r+')
  try {
    return spawn(file, [...words, ...flags, entryPath], {
      // One time zone on all workers, so that a task's dates do not depend on where it ran.
      env: { TZ: 'UTC' },
      cwd: parse(entryPath).root,
      stdio: [nothing, nothing, 'pipe', 'pipe', 'pipe', ...covers(nothing)]
    })
  } finally {
    closeSync(nothing)
  }
}

/** Without what lies in a folder that is there, too: Node 22 then forgets the folder itself. */
function outermost(paths: readonly string[]): string[] {
  const folders = paths.filter((path) => path.endsWith(sep))
  return paths.filter((path) => !folders.some((one) => one !== path && path.startsWith(one)))
}

/** Something harmless from descriptor 5 on, over all that this process was born with. */
function covers(nothing: number): ('ignore' | number)[] {
  const inherited = new Set(inheritedDescriptors())
  const count = Math.max(4, ...inherited) - 4
  return Array.from({ length: count }, (_, index) =>
    inherited.has(index + 5) ? nothing : 'ignore'
  )
}
