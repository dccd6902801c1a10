/**
 * The real program in processes of its own, with a home that vanishes after the test. Only processes
 * that were started here are ever ended, each by its pid.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, onTestFinished } from 'vitest'
import { BINARY, PROJECT, RunningTaskmesh } from './running-taskmesh.ts'
import { systemClock } from '../../src/core/clock.ts'

export interface SpawnInit {
  env?: Record<string, string>
  stdin?: string
  /** Its stdin is left open for whoever started it. */
  keepsStdin?: boolean
  cwd?: string
  /** Another Node than the one that runs the tests. */
  node?: string
  /** A command that runs the one after it somewhere else, such as in a network of its own. */
  within?: readonly string[]
}

type Cleanup = () => Promise<void> | void

/** Says what is to be done when what was begun is no longer needed: by default with the test. */
let whenOver: (cleanup: Cleanup) => void = (cleanup) => onTestFinished(cleanup)

/** To be called once by a test file: what is started from then on is for all its tests. */
export function shareOverTests(): void {
  const cleanups: Cleanup[] = []
  whenOver = (cleanup) => void cleanups.push(cleanup)
  afterAll(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
  })
}

/** Has something done when what was begun is no longer needed. */
export function onceOver(cleanup: Cleanup): void {
  whenOver(cleanup)
}

/** A folder that is removed after the test. */
export function temporaryHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'taskmesh-test-'))
  whenOver(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }))
  return home
}

export function startTaskmesh(words: readonly string[], init: SpawnInit = {}): RunningTaskmesh {
  return startScript(BINARY, words, init)
}

/** Another program for Node, ended as nodes are. */
export function startScript(
  script: string,
  words: readonly string[],
  init: SpawnInit = {}
): RunningTaskmesh {
  const line = [...(init.within ?? []), init.node ?? process.execPath, script, ...words]
  const child = spawn(line[0] ?? '', line.slice(1), {
    cwd: init.cwd ?? PROJECT,
    env: { ...withoutOwnVariables(), ...init.env }
  })
  child.stdin.on('error', () => undefined)
  if (init.keepsStdin !== true) child.stdin.end(init.stdin ?? '')
  const running = new RunningTaskmesh(child)
  whenOver(async () => {
    if (running.hasEnded) return
    const cancel = systemClock.after(10_000, () => void child.kill('SIGKILL'))
    await running.stop()
    cancel()
  })
  return running
}

/** Runs a command to its end. */
export async function taskmesh(
  words: readonly string[],
  init: SpawnInit = {}
): Promise<{ code: number; stdout: string; stderr: string }> {
  const running = startTaskmesh(words, init)
  const code = await running.ended()
  return { code, stdout: running.stdout, stderr: running.stderr }
}

/** What tests set counts, not what the shell around them has. */
function withoutOwnVariables(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined && !/^(TASKMESH_|DEBUG$|NO_COLOR$|FORCE_COLOR$)/.test(entry[0])
    )
  )
}
