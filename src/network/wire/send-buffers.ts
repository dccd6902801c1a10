/**
 * Memory for what is sent in bulk, used again and again: a buffer comes back once all that was lent of it has
 * been encrypted, as batched-encryption.ts tells. Fresh memory for each read costs its pages, and V8 marks the
 * whole heap each time some tens of MiB of it have passed: that was half of the time of a giving node. Where
 * nobody tells, as on a stream that was reset, a buffer is left to the garbage collector.
 */

/** A buffer that is lent to the streams that send it. */
export interface SendBuffer {
  readonly bytes: Uint8Array
  /** So many of its bytes are about to be sent, each of them once. */
  lend: (bytes: number) => void
  /** Nothing more of it is lent, and nobody writes to it any more. */
  end: () => void
}

interface Loan {
  /** Lent and not yet encrypted. */
  outBytes: number
  isEnded: boolean
  giveBack: () => void
}

/** Kept for later: what a few streams at full speed have in use. */
const FREE_BYTES_MAX = 8 * 2 ** 20

/** By the memory of each buffer, of all pools, as what is sent of it are views. */
const loans = new WeakMap<ArrayBufferLike, Loan>()

export class SendBuffers {
  readonly #bufferBytes: number
  readonly #free: ArrayBuffer[] = []

  constructor(bufferBytes: number) {
    this.#bufferBytes = bufferBytes
  }

  /** How many can be taken without new memory. */
  get freeCount(): number {
    return this.#free.length
  }

  /** With anything in it. */
  take(bytes: number): SendBuffer {
    // Not filled with zeros first, as it is filled at once.
    const memory = this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#bufferBytes).buffer
    const loan: Loan = { outBytes: 0, isEnded: false, giveBack: () => this.#take(memory) }
    loans.set(memory, loan)
    return {
      bytes: new Uint8Array(memory, 0, bytes),
      lend: (lentBytes) => (loan.outBytes += lentBytes),
      end: () => {
        if (loan.isEnded) return
        loan.isEnded = true
        settle(loan)
      }
    }
  }

  #take(memory: ArrayBuffer): void {
    loans.delete(memory)
    if (this.#free.length * this.#bufferBytes < FREE_BYTES_MAX) this.#free.push(memory)
  }
}

/** These bytes are needed no longer, as they have been encrypted. */
export function noteEncrypted(part: Uint8Array): void {
  const loan = loans.get(part.buffer)
  if (loan === undefined) return
  loan.outBytes -= part.byteLength
  settle(loan)
}

function settle({ giveBack, isEnded, outBytes }: Loan): void {
  if (isEnded && outBytes === 0) giveBack()
}
