/** Presence as workers publish it, made by those who are none: signed records, and gossip messages around them. */
import { readFileSync } from 'node:fs'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { randomBytes } from 'node:crypto'
import { sealRecord } from '../../src/discovery/record.ts'
import { concat, field, utf8 } from './bytes.ts'
import type { CapabilityRecord } from '../../src/discovery/record.ts'
import type { PrivateKey } from '@libp2p/interface'

const SIGNED = 'libp2p-pubsub:'

/** An honest one, as the schema shows it. */
const EXAMPLE = exampleOf('capability-record') as CapabilityRecord

export function exampleOf(schema: string): object {
  const file = new URL(`../../schemas/${schema}.schema.json`, import.meta.url)
  const { examples } = JSON.parse(readFileSync(file, 'utf8')) as { examples: object[] }
  return examples[0] ?? {}
}

export async function recordOf(
  key: PrivateKey,
  { certificate, ...rest }: Partial<CapabilityRecord>
): Promise<Uint8Array> {
  const { certificate: _none, ...example } = EXAMPLE
  const record = {
    ...example,
    peer_id: peerIdFromPrivateKey(key).toString(),
    ...rest,
    ...(certificate === undefined ? {} : { certificate })
  }
  return await sealRecord(record, key)
}

/** What a node with files says of itself. */
export async function presenceMessage(
  key: PrivateKey,
  { namespace, peer, topic }: { topic: string; namespace: string; peer: string }
): Promise<Uint8Array> {
  const example = exampleOf('file-presence')
  const presence = { ...example, namespace, peer_id: peer, seq: Date.now() }
  return await publication(key, { topic, data: utf8(JSON.stringify(presence)) })
}

/** Protobuf of a gossip RPC with one message, signed by its publisher. */
export async function publication(
  key: PrivateKey,
  { data, isForged = false, topic }: { topic: string; data: Uint8Array; isForged?: boolean }
): Promise<Uint8Array> {
  const from = peerIdFromPrivateKey(key).toMultihash().bytes
  const unsigned = concat(field(1, from), field(2, data), field(3, randomBytes(8)), field(4, topic))
  const signature = isForged ? randomBytes(64) : await key.sign(concat(utf8(SIGNED), unsigned))
  return field(2, concat(unsigned, field(5, signature)))
}
