/**
 * The wire between two ends, as a TCP proxy in the harness's own process. It passes bytes, holds them
 * back as a network does that has lost its way, lets them crawl, or breaks every connection. Bytes that
 * were held back come through in their order once it is healed, as TCP's retransmissions would bring them.
 */
import { connect, createServer } from 'node:net'
import { once } from 'node:events'
import { systemClock } from '../../src/core/clock.ts'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { CancelTimer } from '../../src/core/clock.ts'

/**
 * `silent`: nothing comes through, and nobody is told. `forth`, `back`: only what goes from the near end
 * to the far one does, or the other way. `broken`: connections are reset and new ones refused.
 */
export type LinkState = 'open' | 'silent' | 'forth' | 'back' | 'slow' | 'broken'

export type LinkEnd = 'near' | 'far'

/** Two seconds for a handshake, a minute for a large result. */
const CRAWL_BYTES_PER_S = 4_096
const CRAWL_STEP_MS = 50

export class Link {
  readonly #servers: Server[] = []
  readonly #pipes = new Set<Pipe>()
  #state: LinkState = 'open'

  get state(): LinkState {
    return this.#state
  }

  set state(state: LinkState) {
    this.#state = state
    for (const pipe of this.#pipes) this.#apply(pipe)
  }

  /** Opens a port behind which `targetPort` is, for callers at the given end. @returns the port */
  async addDoor(caller: LinkEnd, targetPort: number): Promise<number> {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      const pipe: Pipe = new Pipe(socket, { caller, targetPort }, () => this.#pipes.delete(pipe))
      this.#pipes.add(pipe)
      this.#apply(pipe)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    this.#servers.push(server)
    return (server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    this.state = 'broken'
    await Promise.all(this.#servers.splice(0).map((server) => closed(server)))
  }

  #apply(pipe: Pipe): void {
    if (this.#state === 'broken') pipe.reset()
    else pipe.setPaces(paceOf(this.#state, pipe.caller))
  }
}

/** Bytes a second: 0 holds them back. */
interface Paces {
  there: number
  back: number
}

function paceOf(state: LinkState, caller: LinkEnd): Paces {
  switch (state) {
    case 'open':
      return { there: Infinity, back: Infinity }
    case 'slow':
      return { there: CRAWL_BYTES_PER_S, back: CRAWL_BYTES_PER_S }
    case 'silent':
    case 'broken':
      return { there: 0, back: 0 }
    case 'forth':
      return caller === 'near' ? { there: Infinity, back: 0 } : { there: 0, back: Infinity }
    case 'back':
      return caller === 'far' ? { there: Infinity, back: 0 } : { there: 0, back: Infinity }
  }
}

/** One connection and its continuation to whom it is for. */
class Pipe {
  readonly caller: LinkEnd
  readonly #socket: Socket
  readonly #targetPort: number
  readonly #onOver: () => void
  readonly #there: Flow
  #target: Socket | undefined
  #back: Flow | undefined

  /** @param onOver called when both ends know that it has ended */
  constructor(socket: Socket, way: { caller: LinkEnd; targetPort: number }, onOver: () => void) {
    this.caller = way.caller
    this.#socket = socket
    this.#targetPort = way.targetPort
    this.#onOver = onOver
    this.#there = new Flow(socket)
    socket.once('close', () => this.#onClose())
  }

  setPaces({ back, there }: Paces): void {
    // A call that finds the way there closed goes through when it opens.
    if (this.#target === undefined && there > 0) this.#call()
    this.#there.setPace(there)
    this.#back?.setPace(back)
  }

  reset(): void {
    this.#socket.destroy()
    this.#target?.destroy()
  }

  #call(): void {
    const target = connect({ port: this.#targetPort, host: '127.0.0.1', allowHalfOpen: true })
    this.#target = target
    this.#back = new Flow(target)
    this.#there.connect(target)
    this.#back.connect(this.#socket)
    target.once('close', () => this.#onClose())
  }

  #onClose(): void {
    if (this.#socket.destroyed && (this.#target?.destroyed ?? true)) this.#onOver()
  }
}

/** One direction of a pipe. */
class Flow {
  readonly #from: Socket
  #to: Socket | undefined
  #pace = 0
  /** The other end has yet to take what it was given. */
  #isFull = false
  /** Of a slow link, until it is ready for more. */
  #cancelRest: CancelTimer | undefined

  constructor(from: Socket) {
    this.#from = from
    from.pause()
    from.on('data', (chunk) => this.#pass(chunk))
    from.on('end', () => this.#to?.end())
    // How a connection ended is the business of its two ends; 'close' follows and is passed on.
    from.on('error', () => undefined)
    from.on('close', () => this.#settle())
  }

  connect(to: Socket): void {
    this.#to = to
    to.on('drain', () => {
      this.#isFull = false
      this.#settle()
    })
  }

  setPace(bytesPerS: number): void {
    this.#pace = bytesPerS
    this.#endRest()
    this.#settle()
  }

  #pass(chunk: Buffer): void {
    if (this.#pace < Infinity) this.#crawl(chunk)
    else this.#isFull = this.#to?.write(chunk) === false
    this.#settle()
  }

  /** A little of it; what is left comes first after the rest. */
  #crawl(chunk: Buffer): void {
    const slice = chunk.subarray(0, Math.ceil((this.#pace * CRAWL_STEP_MS) / 1_000))
    this.#isFull = this.#to?.write(slice) === false
    this.#cancelRest = systemClock.after(CRAWL_STEP_MS, () => {
      this.#endRest()
      this.#settle()
    })
    this.#from.pause()
    if (slice.length < chunk.length) this.#from.unshift(chunk.subarray(slice.length))
  }

  #endRest(): void {
    this.#cancelRest?.()
    this.#cancelRest = undefined
  }

  #settle(): void {
    if (this.#pace === 0 || this.#isFull || this.#cancelRest !== undefined) {
      this.#from.pause()
      return
    }
    // What is still unread comes first; the end is then told by 'end', or here if there was none.
    this.#from.resume()
    if (this.#from.destroyed) this.#to?.destroySoon()
  }
}

function closed(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  return promise
}
