/** The program in `go/`: built once, and each run of it a process that tells what it did, line by line. */
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../src/core/clock.ts'
import { RunningTaskmesh } from '../support/running-taskmesh.ts'
import { endsWithUs } from '../hostile/children.ts'

/** What came of one thing that was tried. */
export interface Outcome {
  step: string
  ok: boolean
  detail: string
  ms: number
}

/** Where it is found while it stays. */
export interface GoPeer {
  peer_id: string
  addresses: string[]
}

const SOURCE = fileURLToPath(new URL('go', import.meta.url))

/** Where the program is, once it was built. */
export const GO_CLIENT: string = join(tmpdir(), 'taskmesh-interop', 'go-client')

/** @returns how long it took @throws when it fails; Go says why */
export function buildGoClient(): number {
  mkdirSync(dirname(GO_CLIENT), { recursive: true })
  const beganMs = systemClock.monotonicMs()
  execFileSync('go', ['build', '-buildvcs=false', '-o', GO_CLIENT, '.'], {
    cwd: SOURCE,
    stdio: ['ignore', 'inherit', 'inherit']
  })
  return systemClock.monotonicMs() - beganMs
}

export function hasGo(): boolean {
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** It has done all that it was to do, and stays. */
export class GoClient {
  readonly outcomes: readonly Outcome[]
  readonly peer: GoPeer
  readonly #running: RunningTaskmesh

  private constructor(running: RunningTaskmesh, lines: readonly object[]) {
    this.#running = running
    this.outcomes = lines.slice(0, -1) as Outcome[]
    this.peer = lines.at(-1) as GoPeer
  }

  /** @param within a command that runs the one after it somewhere else, such as in a network of its own */
  static async run(words: readonly string[], within: readonly string[] = []): Promise<GoClient> {
    const [command = '', ...rest] = [...within, GO_CLIENT, ...words]
    const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'pipe'] })
    endsWithUs(child)
    const running = new RunningTaskmesh(child)
    await running.until(() => running.stdout.includes('"peer_id"'), 'end of what it was to do')
    const lines = running.stdout.trim().split('\n')
    return new GoClient(
      running,
      lines.map((line) => JSON.parse(line) as object)
    )
  }

  async stop(): Promise<void> {
    this.#running.process.stdin?.end()
    await this.#running.ended()
  }
}
