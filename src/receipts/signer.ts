/**
 * A node's own key as orders and receipts are signed by it: on the thread pool, as signing takes some 40
 * microseconds and the main thread has other things to do. What is asked for in one turn of the event loop is
 * there in one turn, too: signatures that came one by one would send tasks and answers one by one, each with a
 * system call and an encryption of its own, and that costs more than the signatures.
 */
import { sign } from 'node:crypto'
import { MeshError } from '../core/errors.ts'
import { peerOf, privateKeyOf, publicKeyMessage, publicRawOf } from '../core/peer-keys.ts'
import type { KeyObject } from 'node:crypto'
import type { NodeKey } from '../core/peer-keys.ts'

export interface Signer {
  /** Who signs. */
  readonly peer: string
  /** As an envelope has it. */
  readonly publicKey: Uint8Array
  sign(bytes: Uint8Array): Promise<Uint8Array>
}

/** @throws MeshError IDENTITY_UNUSABLE for a key of another kind: nobody could check by the PeerId what it signs */
export function signerOf(nodeKey: NodeKey): Signer {
  const { type } = nodeKey
  if (type !== 'Ed25519') {
    throw new MeshError('IDENTITY_UNUSABLE', `a key of type ${type} cannot sign receipts`, {
      hint: 'restore the Ed25519 key of this node, or move the key away to start with a new identity'
    })
  }
  const key = privateKeyOf(nodeKey)
  const publicRaw = publicRawOf(nodeKey)
  let batch: Batch | undefined
  return {
    peer: peerOf(publicRaw),
    publicKey: publicKeyMessage(publicRaw),
    sign: (bytes) => {
      batch ??= new Batch(() => (batch = undefined))
      return batch.sign(bytes, key)
    }
  }
}

/** The signatures of one turn. */
class Batch {
  readonly #settles: (() => void)[] = []
  #pendingCount = 0
  #isOpen = true

  /** @param onClosed called when the turn is over */
  constructor(onClosed: () => void) {
    setImmediate(() => {
      this.#isOpen = false
      onClosed()
      this.#settleIfDone()
    })
  }

  sign(bytes: Uint8Array, key: KeyObject): Promise<Uint8Array> {
    const { promise, reject, resolve } = Promise.withResolvers<Uint8Array>()
    this.#pendingCount += 1
    sign(null, bytes, key, (error, signature) => {
      this.#pendingCount -= 1
      this.#settles.push(() => (error === null ? resolve(signature) : reject(error)))
      this.#settleIfDone()
    })
    return promise
  }

  #settleIfDone(): void {
    if (this.#isOpen || this.#pendingCount > 0) return
    for (const settle of this.#settles.splice(0)) settle()
  }
}
