/**
 * Tells commands of the same user where a bootstrap of this home is reached, so that tokens can name it. What it says
 * stays when the bootstrap stops: it will be back.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseJson } from '../core/json.ts'
import { readSecret, writeSecret } from '../core/secret-file.ts'
import type { MeshNode } from '../network/mesh-node.ts'
import type { Startable } from '../core/startable.ts'

export const CONTACT_FILE = 'contact.json'

/** As the file has it. */
export interface Contact {
  peer_id: string
  addresses: string[]
  /** Those of its addresses that its owner has named for others. */
  announced: string[]
  pid: number
}

/** Of every bootstrap that has run in this home. @throws MeshError IDENTITY_UNUSABLE */
export function readContacts(home: string): Contact[] {
  if (!existsSync(home)) return []
  return readdirSync(home, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => readContact(join(home, name, CONTACT_FILE)) ?? [])
}

type Reachable = Pick<MeshNode, 'addresses' | 'selfPeer'>

export class ContactFile implements Startable {
  readonly #file: string
  readonly #node: Reachable
  readonly #announce: readonly string[]

  constructor(folder: string, node: Reachable, announce: readonly string[]) {
    this.#file = join(folder, CONTACT_FILE)
    this.#node = node
    this.#announce = announce
  }

  async start(): Promise<void> {
    const { selfPeer } = this.#node
    const addresses = this.#node.addresses()
    const contact: Contact = {
      peer_id: selfPeer,
      addresses,
      announced: addresses.filter((address) =>
        this.#announce.some((own) => address === own || address.startsWith(`${own}/p2p/`))
      ),
      pid: process.pid
    }
    writeSecret(this.#file, `${JSON.stringify(contact)}\n`)
  }

  async stop(): Promise<void> {}
}

function readContact(file: string): Contact | undefined {
  const text = readSecret(file)
  if (text === undefined) return undefined
  try {
    const { addresses, announced, peer_id, pid } = parseJson(
      Buffer.from(text).toString()
    ) as Partial<Contact>
    const isWhole =
      typeof peer_id === 'string' &&
      typeof pid === 'number' &&
      isTexts(addresses) &&
      isTexts(announced)
    return isWhole ? { peer_id, pid, addresses, announced } : undefined
  } catch {
    // Half written, or of another version: its bootstrap writes it anew when it starts.
    return undefined
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}
