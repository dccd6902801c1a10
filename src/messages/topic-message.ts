/** What is said on a topic: its bytes on the wire, and what readers get of it. */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { parseJson } from '../core/json.ts'
import { validatorFor } from '../model/validate.ts'
import type { AnyJson, TopicMessage } from '../model/generated/topic-message.ts'

export type { AnyJson, TopicMessage }

/** A message as programs read it; who it is from is proved. */
export interface HeardMessage {
  topic: string
  from: string
  /** What the author calls itself. Anybody may take any name. */
  name?: string
  /** Of a closed mesh: as what the author belongs to it. */
  role?: string
  /** When the author began to publish: the numbers count from then. */
  session: number
  /** Of the author's messages on this topic. One that is left out was lost. */
  number: number
  at_ms: number
  body: AnyJson
  /** Before this one, so many were dropped because they were not read fast enough. */
  dropped?: number
}

const check = validatorFor<TopicMessage>('topic-message', 'message')
const checkName = validatorFor<string>('topic-message#/$defs/topicName', 'topic')

/** Room for names, numbers and a certificate beside what is said. */
export const TOPIC_MESSAGE_BYTES_MAX: number = LIMITS.messageBytesMax + 10_240

/** @throws MeshError FIELD_INVALID */
export function readTopicName(name: string): string {
  return checkName(name)
}

/** @throws MeshError REQUEST_TOO_LARGE, FIELD_INVALID */
export function writeTopicMessage(message: TopicMessage): Uint8Array {
  requireShort(message.body, 'message')
  return new TextEncoder().encode(JSON.stringify(check(message)))
}

/** @throws MeshError REQUEST_TOO_LARGE, REQUEST_NOT_JSON, FIELD_INVALID and its kin */
export function openTopicMessage(bytes: Uint8Array): TopicMessage {
  if (bytes.byteLength > TOPIC_MESSAGE_BYTES_MAX) throw tooLong('message', bytes.byteLength)
  return check(parseJson(new TextDecoder().decode(bytes)))
}

/** What one says to another has its bound wherever it goes. @throws MeshError REQUEST_TOO_LARGE, FIELD_INVALID */
export function requireShort(body: unknown, path: string): void {
  const text = JSON.stringify(body) as string | undefined
  if (text === undefined) throw new MeshError('FIELD_INVALID', 'this is no JSON value', { path })
  const { byteLength } = new TextEncoder().encode(text)
  if (byteLength > LIMITS.messageBytesMax) throw tooLong(path, byteLength)
}

function tooLong(path: string, bytes: number): MeshError {
  const message = `${bytes} bytes are more than the ${LIMITS.messageBytesMax} of a message`
  const hint = 'add what is long as a file, and send its id: `taskmesh files add`'
  return new MeshError('REQUEST_TOO_LARGE', message, { path, hint })
}
