/**
 * Tells commands of the same user where a bootstrap of this home is reached, so that tokens can name it. What it says
 * stays when the bootstrap stops: it will be back.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseJson } from '../core/json.ts'
import { readSecret, writeSecret } from '../core/secret-file.ts'
import type { BootstrapKeeper } from '../network/contact/bootstrap-keeper.ts'
import type { Logger } from '../observe/logger.ts'
import type { MeshNode } from '../network/mesh-node.ts'
import type { NodeFolder } from './node-folder.ts'
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

export interface ContactFileComponents {
  folder: Pick<NodeFolder, 'path'>
  keeper: Pick<BootstrapKeeper, 'onConnected'>
  logger: Logger
  node: Pick<MeshNode, 'addresses' | 'selfPeer'>
}

export class ContactFile implements Startable {
  readonly #components: ContactFileComponents
  readonly #announce: readonly string[]

  constructor(components: ContactFileComponents, announce: readonly string[]) {
    this.#components = components
    this.#announce = announce
  }

  async start(): Promise<void> {
    this.#write()
    // Its addresses may be others by then.
    this.#components.keeper.onConnected(() => this.#writeAnew())
  }

  async stop(): Promise<void> {}

  /** The disk may be full: then the file says what it said. */
  #writeAnew(): void {
    try {
      this.#write()
    } catch (cause) {
      this.#components.logger.warn({ err: cause }, 'contact file not written')
    }
  }

  #write(): void {
    const { folder, node } = this.#components
    const addresses = node.addresses()
    const contact: Contact = {
      peer_id: node.selfPeer,
      addresses,
      announced: addresses.filter((address) =>
        this.#announce.some((own) => address === own || address.startsWith(`${own}/p2p/`))
      ),
      pid: process.pid
    }
    writeSecret(join(folder.path, CONTACT_FILE), `${JSON.stringify(contact)}\n`)
  }
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
