/** What engines are held against: the same done by Node, the kernel and podman with nothing around it. */
import { spawn } from 'node:child_process'
import { gzip } from 'node:zlib'
import { once } from 'node:events'
import { promisify } from 'node:util'
import type { ChildProcess } from 'node:child_process'

/** Starts a program, feeds it, reads its output to the end. */
export async function spawnToEnd(argv: readonly string[], stdin?: Buffer): Promise<void> {
  const [file = '', ...words] = argv
  const child = spawn(file, words, { stdio: ['pipe', 'pipe', 'ignore'] })
  child.stdin.end(stdin)
  child.stdout.resume()
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`${file} ended with ${code}`)
}

/** A child that is there already and sends back what it gets: no sandbox host answers sooner. */
export class EchoChild {
  readonly #child: ChildProcess

  constructor() {
    const words = ['-e', "process.on('message', (message) => process.send(message))"]
    this.#child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  }

  async call(): Promise<void> {
    const answered = once(this.#child, 'message')
    this.#child.send({ number: 1 })
    await answered
  }

  stop(): void {
    this.#child.disconnect()
  }
}

export const gzipBare = promisify(gzip)

/** Starts a program that stays; resolves once it has said something. */
export async function spawnHeld(argv: readonly string[]): Promise<ChildProcess> {
  const [file = '', ...words] = argv
  const child = spawn(file, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  return child
}
