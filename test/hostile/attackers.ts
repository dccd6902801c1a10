/** Starts the processes of attackers, holds them until it is time, and gathers what they did. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { endsWithUs } from './children.ts'
import type { ChildProcess } from 'node:child_process'
import type { Order } from './attack.ts'
import type { TallyCounts } from './tally.ts'

export interface AttackResult {
  name: string
  /** Milliseconds since 1970. */
  fromMs: number
  untilMs: number
  counts: TallyCounts
}

const PROCESS = fileURLToPath(new URL('attacker-process.ts', import.meta.url))
const READY_MS_MAX = 60_000
/** What an attack holds open takes a moment to let go. */
const END_MS_MAX = 30_000

export class Attackers {
  readonly results: AttackResult[] = []
  /** What went wrong with the attackers themselves. */
  readonly complaints: string[] = []
  readonly #children: ChildProcess[]
  readonly #seconds: number

  private constructor(children: ChildProcess[], seconds: number) {
    this.#children = children
    this.#seconds = seconds
  }

  /** All have loaded what they need, and do nothing yet. */
  static async prepare(orders: readonly Order[]): Promise<Attackers> {
    const children = orders.map((order) => {
      const child = fork(PROCESS, [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
      endsWithUs(child)
      child.send(order)
      return child
    })
    const signal = AbortSignal.timeout(READY_MS_MAX)
    await Promise.all(children.map((child) => once(child, 'message', { signal })))
    return new Attackers(children, Math.max(0, ...orders.map(({ seconds }) => seconds)))
  }

  async attack(): Promise<void> {
    await Promise.all(this.#children.map((child) => this.#follow(child)))
  }

  async #follow(child: ChildProcess): Promise<void> {
    child.on('message', (result: AttackResult) => this.results.push(result))
    const timer = setTimeout(() => child.kill('SIGKILL'), this.#seconds * 1_000 + END_MS_MAX)
    const ended = once(child, 'exit')
    child.send('go')
    const [code, signal] = (await ended) as [number | null, string | null]
    clearTimeout(timer)
    if (code !== 0) this.complaints.push(`a process of attackers ended with ${code ?? signal}`)
  }
}
