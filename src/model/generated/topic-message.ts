/** Generated from schemas/topic-message.schema.json by `npm run generate`; do not edit. */

/**
 * A topic of the namespace: letters, digits, dots, hyphens and underscores, 63 at most.
 *
 * This interface was referenced by `TopicMessage`'s JSON-Schema
 * via the `definition` "topicName".
 */
export type TopicName = string
/**
 * What the author calls itself. Anybody may take any name; the PeerId beside it is proved.
 *
 * This interface was referenced by `TopicMessage`'s JSON-Schema
 * via the `definition` "authorName".
 */
export type AuthorName = string
/**
 * Of a closed mesh: that the author belongs to it.
 */
export type SignedText = string
/**
 * What is said: any JSON value; a string is text.
 */
export type AnyJson =
  | null
  | boolean
  | number
  | string
  | unknown[]
  | {
      [k: string]: unknown
    }

/**
 * What is published on a topic, as JSON. The gossip message around it is signed by who publishes it, and counts for nothing beyond.
 */
export interface TopicMessage {
  version: 1
  namespace: string
  topic: TopicName
  /**
   * Who says it. The gossip message must be signed by the same peer.
   */
  from: string
  /**
   * When its author began to publish, in milliseconds since 1970. One that began earlier than another that was heard is not heard.
   */
  session: number
  /**
   * Counts the author's messages on this topic since then. Who misses one has lost a message.
   */
  number: number
  /**
   * When it was said, in milliseconds since 1970.
   */
  at_ms: number
  name?: AuthorName
  certificate?: SignedText
  body: AnyJson
}
