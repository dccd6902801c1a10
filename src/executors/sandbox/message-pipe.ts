/**
 * The pipe between a worker and one sandbox host: a message is one line of JSON. Not Node's own channel
 * between processes: whatever comes by that is parsed before anybody can look at it, some of it is taken
 * for Node's own commands, and one line that is no JSON ends the whole program. A host that has run a
 * stranger's code may write what it likes here.
 */
import { StringDecoder } from 'node:string_decoder'
import type { Duplex } from 'node:stream'

export interface MessagePipeInit {
  /** Characters of the longest message that is taken. @default Infinity */
  lengthMax?: number
  /** Hears what was sent, as it stands; undefined for what is no message, after which nothing is heard. */
  onMessage: (message: unknown) => void
}

/** Its descriptor in a host. */
export const PIPE_DESCRIPTOR = 3

export class MessagePipe {
  readonly #stream: Duplex
  readonly #lengthMax: number
  readonly #onMessage: MessagePipeInit['onMessage']
  readonly #decoder = new StringDecoder('utf8')
  /** Of a line whose end has not come. */
  #begun = ''
  #heardLength = 0
  #isDeaf = false

  constructor(stream: Duplex, { lengthMax = Infinity, onMessage }: MessagePipeInit) {
    this.#stream = stream
    this.#lengthMax = lengthMax
    this.#onMessage = onMessage
    stream.on('data', (chunk: Uint8Array) => this.#take(this.#decoder.write(Buffer.from(chunk))))
  }

  /** Characters of all that has come so far. */
  get heardLength(): number {
    return this.#heardLength
  }

  send(message: object): void {
    this.#stream.write(`${JSON.stringify(message)}\n`)
  }

  #take(text: string): void {
    this.#heardLength += text.length
    const lines = text.split('\n')
    for (const line of lines.slice(0, -1)) {
      if (this.#isDeaf) return
      this.#hear(this.#begun + line)
      this.#begun = ''
    }
    if (this.#isDeaf) return
    this.#begun += lines.at(-1) ?? ''
    if (this.#begun.length > this.#lengthMax) this.#giveUp()
  }

  #hear(line: string): void {
    if (line.length > this.#lengthMax) return this.#giveUp()
    let message: unknown
    try {
      message = JSON.parse(line)
    } catch {
      return this.#giveUp()
    }
    this.#onMessage(message)
  }

  #giveUp(): void {
    this.#isDeaf = true
    this.#begun = ''
    this.#onMessage(undefined)
  }
}
