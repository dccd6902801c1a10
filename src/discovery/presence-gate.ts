/**
 * Judges what is published on presence topics before this node takes it in or passes it on: size and
 * pace first, the costly signature last. Garbage stops at the first node that it reaches.
 */
import { TopicValidatorResult } from '@libp2p/gossipsub'
import { LIMITS } from '../core/limits.ts'
import { presenceTopic } from '../protocol/ids.ts'
import { RECORD_BYTES_MAX, openRecord } from './record.ts'
import type { Message } from '@libp2p/gossipsub'
import type { CapabilityRecord } from './record.ts'
import type { Clock } from '../core/clock.ts'
import type { MeshNode } from '../network/mesh-node.ts'

/** A worker gathers for longer than this before it publishes again; who is faster is heard less. */
const PACE_MS = 100

interface Heard {
  seq: number
  atMs: number
}

export class PresenceGate {
  readonly #components: { node: MeshNode; clock: Clock }
  /** Publishers by the time of their last good record, oldest first. */
  readonly #heard = new Map<string, Heard>()
  readonly #records = new WeakMap<Message, CapabilityRecord>()

  constructor(components: { node: MeshNode; clock: Clock }) {
    this.#components = components
  }

  /** Judges all that comes on a namespace's topic from now on. */
  guard(namespace: string): void {
    const { topicValidators } = this.#components.node.libp2p.services.pubsub
    topicValidators.set(
      presenceTopic(namespace),
      async (_source, message) => await this.judge(namespace, message)
    )
  }

  release(namespace: string): void {
    this.#components.node.libp2p.services.pubsub.topicValidators.delete(presenceTopic(namespace))
  }

  /** The record of a message that was let in. */
  recordOf(message: Message): CapabilityRecord | undefined {
    return this.#records.get(message)
  }

  /** Rejects what no honest node sends, ignores what is old or comes too fast. */
  async judge(namespace: string, message: Message): Promise<TopicValidatorResult> {
    if (message.type !== 'signed') return TopicValidatorResult.Reject
    if (message.data.byteLength > RECORD_BYTES_MAX) return TopicValidatorResult.Reject
    const publisher = message.from.toString()
    const nowMs = this.#components.clock.monotonicMs()
    const heard = this.#heard.get(publisher)
    if (heard !== undefined && nowMs - heard.atMs < PACE_MS) return TopicValidatorResult.Ignore
    let record: CapabilityRecord
    try {
      record = await openRecord(message.data)
    } catch {
      return TopicValidatorResult.Reject
    }
    if (record.namespace !== namespace || record.peer_id !== publisher) {
      return TopicValidatorResult.Reject
    }
    if (heard !== undefined && record.seq <= heard.seq) return TopicValidatorResult.Ignore
    this.#remember(publisher, { seq: record.seq, atMs: nowMs })
    this.#records.set(message, record)
    return TopicValidatorResult.Accept
  }

  #remember(publisher: string, heard: Heard): void {
    this.#heard.delete(publisher)
    this.#heard.set(publisher, heard)
    if (this.#heard.size <= LIMITS.directoryWorkersMax) return
    const [oldest] = this.#heard.keys()
    if (oldest !== undefined) this.#heard.delete(oldest)
  }
}
