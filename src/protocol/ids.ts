/** Every name that this program speaks on the wire. Shipped versions never change; new ones stand beside them. */

/** One request and its answer, each one JSON text up to the end of the writing side. */
export const COMMAND_PROTOCOL_V1 = '/taskmesh/command/1.0.0'

/** One long-lived stream per peer with length-prefixed CBOR frames. */
export const SESSION_PROTOCOL_V1 = '/taskmesh/session/1.0.0'

/** One long-lived stream per peer and direction of asking, for pieces of files. */
export const PIECES_PROTOCOL_V1 = '/taskmesh/pieces/1'

/** libp2p's own name for HTTP over a stream: one request and its answer on each. */
export const HTTP_PROTOCOL_V1 = '/http/1.1'

/** The mesh's own DHT, apart from the public one. */
export const DHT_PROTOCOL_V1 = '/taskmesh/kad/1.0.0'

/** As in schemas/capability-record.schema.json. */
const NAMESPACE = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/

const PRESENCE_TOPIC_PREFIX = '/taskmesh/presence/2/'
const FILES_TOPIC_PREFIX = '/taskmesh/files/1/'

/** Where the workers of a namespace publish their signed capability records, and between them that they are there still. */
export function presenceTopic(namespace: string): string {
  return `${PRESENCE_TOPIC_PREFIX}${namespace}`
}

/** Where the nodes of a namespace that have files say that they are there. */
export function filesTopic(namespace: string): string {
  return `${FILES_TOPIC_PREFIX}${namespace}`
}

/** The namespace whose presence topic this is; undefined for any other topic. */
export function presenceNamespace(topic: string): string | undefined {
  return namespaceAfter(PRESENCE_TOPIC_PREFIX, topic)
}

/** The same of a topic of files. */
export function filesNamespace(topic: string): string | undefined {
  return namespaceAfter(FILES_TOPIC_PREFIX, topic)
}

const TOPIC_PREFIX = '/taskmesh/topic/1/'
const CARRIED_TOPIC_PREFIX = '/taskmesh/topic-carried/1/'
/** As in schemas/topic-message.schema.json. */
const TOPIC_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/

/** Where people and programs of a namespace talk about something. */
export function openTopic(namespace: string, name: string): string {
  return `${TOPIC_PREFIX}${namespace}/${name}`
}

/** The namespace and the name of such a topic; undefined for any other. */
export function openTopicParts(topic: string): { namespace: string; name: string } | undefined {
  return partsAfter(TOPIC_PREFIX, topic)
}

/** Nothing is said here: who is subscribed to it carries the topic for others, so many steps from a listener. */
export function carriedTopic(distance: number, namespace: string, name: string): string {
  return `${CARRIED_TOPIC_PREFIX}${distance}/${namespace}/${name}`
}

/** Whether a topic is of that kind, at a distance that there is. */
export function isCarriedTopic(topic: string): boolean {
  const [distance = '', ...rest] = topic.slice(CARRIED_TOPIC_PREFIX.length).split('/')
  const isMark = topic.startsWith(CARRIED_TOPIC_PREFIX) && /^[1-9]$/.test(distance)
  return isMark && partsAfter('', rest.join('/')) !== undefined
}

function partsAfter(
  prefix: string,
  topic: string
): { namespace: string; name: string } | undefined {
  const [namespace = '', name = '', ...more] = topic.slice(prefix.length).split('/')
  const isWhole = topic.startsWith(prefix) && more.length === 0
  return isWhole && NAMESPACE.test(namespace) && TOPIC_NAME.test(name)
    ? { namespace, name }
    : undefined
}

function namespaceAfter(prefix: string, topic: string): string | undefined {
  const namespace = topic.slice(prefix.length)
  return topic.startsWith(prefix) && NAMESPACE.test(namespace) ? namespace : undefined
}

/** The text whose hash is the DHT key under which some of a namespace's workers are found: all of them on level 0. */
export function namespaceKey(namespace: string, level: number, shard: number): string {
  return `/taskmesh/namespace/2/${namespace}/${level}/${shard}`
}

/** The same for the nodes that share files and are no workers. */
export function fileNodesKey(namespace: string): string {
  return `/taskmesh/file-nodes/1/${namespace}`
}

/** The same for its routers, who know of every file. */
export function routersKey(namespace: string): string {
  return `/taskmesh/routers/1/${namespace}`
}

/** Domain of the signature over a capability record: a signature given for one use is worthless for another. */
export const CAPABILITY_RECORD_DOMAIN = 'taskmesh-capability-record'
export const CAPABILITY_RECORD_CODEC = '/taskmesh/capability-record/1'

/** The text whose hash is the DHT key under which those who have a file are found. */
export function fileKey(namespace: string, fileId: string): string {
  return `/taskmesh/file/1/${namespace}/${fileId}`
}
