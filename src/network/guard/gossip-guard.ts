/**
 * Bounds what a neighbour may have us hear by gossip. GossipSub's own scores count nothing here, since they
 * have to be set for each topic by its name; what it would count goes to the neighbour's conduct instead.
 */
import {
  filesNamespace,
  isCarriedTopic,
  openTopicParts,
  presenceNamespace
} from '../../protocol/ids.ts'
import { Pace } from '../../core/pace.ts'
import type { Connection, PeerId } from '@libp2p/interface'
import type { GossipSub } from '@libp2p/gossipsub'
import type { Clock } from '../../core/clock.ts'

export interface GossipGuardComponents {
  clock: Clock
  /** This neighbour passed on what no honest node does. */
  onBadMessage: (peer: string) => void
  onFlood: (peer: string) => void
}

/** What of a message's envelope is looked at. */
interface Rpc {
  subscriptions: { topic?: string }[]
  messages: { topic: string }[]
}

/** Of GossipSub, what its interface does not show. */
interface Inside {
  /** Those whose streams are in use. */
  peers: ReadonlyMap<string, PeerId>
  topicValidators: ReadonlyMap<string, unknown>
  handleReceivedRpc: (from: PeerId, rpc: Rpc) => Promise<void>
  createOutboundStream: (peer: PeerId, connection: Connection) => Promise<void>
  score: {
    rejectInvalidMessage: (from: string, topic: string) => void
    rejectMessage: (from: string, id: string, topic: string, reason: string) => void
  }
}

/** Presence of ten thousand workers at once, as from a bootstrap that was just found, and what they say from then on. */
const MESSAGES = { burst: 20_000, perSecond: 1_000 }

/** Of those, what people and programs say: a flood of theirs costs no more signatures, and presence goes on beside it. */
const TALK = { burst: 2_000, perSecond: 200 }

export function guardGossip(pubsub: GossipSub, components: GossipGuardComponents): void {
  const inside = pubsub as unknown as Inside
  boundMessages(inside, components)
  countRejected(inside, components)
  openSideBySide(inside)
}

/** Before a message costs the check of its signature: it is of a topic that is listened to, and not one of too many. */
function boundMessages(pubsub: Inside, { clock, onFlood }: GossipGuardComponents): void {
  const pace = new Pace(clock, MESSAGES)
  const talk = new Pace(clock, TALK)
  const receive = pubsub.handleReceivedRpc.bind(pubsub)
  pubsub.handleReceivedRpc = async (from, rpc) => {
    // Of one that is given up already, the topics that it names now would never be forgotten.
    if (!pubsub.peers.has(from.toString())) return
    const known = rpc.messages.filter(({ topic }) => pubsub.topicValidators.has(topic))
    if (!pace.take(from.toString(), 1 + known.length)) return onFlood(from.toString())
    // Who passes much on may have heard it from many: it is no offence.
    const messages = known.filter(
      ({ topic }) => openTopicParts(topic) === undefined || talk.take(from.toString(), 1)
    )
    const subscriptions = rpc.subscriptions.filter(({ topic = '' }) => isOurs(topic))
    await receive(from, { ...rpc, messages, subscriptions })
  }
}

function isOurs(topic: string): boolean {
  const isPresence = presenceNamespace(topic) !== undefined || filesNamespace(topic) !== undefined
  return isPresence || openTopicParts(topic) !== undefined || isCarriedTopic(topic)
}

function countRejected({ score }: Inside, { onBadMessage }: GossipGuardComponents): void {
  const { rejectInvalidMessage, rejectMessage } = score
  score.rejectInvalidMessage = (from, topic) => {
    onBadMessage(from)
    rejectInvalidMessage.call(score, from, topic)
  }
  score.rejectMessage = (from, id, topic, reason) => {
    // What is only old, or comes too fast, is no offence.
    if (reason !== 'ignore') onBadMessage(from)
    rejectMessage.call(score, from, id, topic, reason)
  }
}

/** As it comes, all streams are opened in one queue, in which one peer that does not answer keeps all others waiting. */
function openSideBySide(pubsub: Inside): void {
  const open = pubsub.createOutboundStream.bind(pubsub)
  const opening = new Map<string, Promise<void>>()
  pubsub.createOutboundStream = async (peerId, connection) => {
    const peer = peerId.toString()
    const before = opening.get(peer) ?? Promise.resolve()
    const turn = before
      .then(() => open(peerId, connection))
      .finally(() => {
        if (opening.get(peer) === turn) opening.delete(peer)
      })
    opening.set(peer, turn)
  }
}
