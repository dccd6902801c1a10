/** Tells commands of the same user where a bootstrap of this home is reached, so that tokens can name it. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { writeSecret } from '../core/secret-file.ts'
import type { MeshNode } from '../network/mesh-node.ts'
import type { Startable } from '../core/startable.ts'

export const CONTACT_FILE = 'contact.json'

/** As the file has it. */
export interface Contact {
  peer_id: string
  addresses: string[]
  pid: number
}

export class ContactFile implements Startable {
  readonly #file: string
  readonly #node: Pick<MeshNode, 'addresses' | 'selfPeer'>

  constructor(folder: string, node: Pick<MeshNode, 'addresses' | 'selfPeer'>) {
    this.#file = join(folder, CONTACT_FILE)
    this.#node = node
  }

  async start(): Promise<void> {
    const { selfPeer } = this.#node
    const contact: Contact = {
      peer_id: selfPeer,
      addresses: this.#node.addresses(),
      pid: process.pid
    }
    writeSecret(this.#file, `${JSON.stringify(contact)}\n`)
  }

  async stop(): Promise<void> {
    rmSync(this.#file, { force: true })
  }
}
