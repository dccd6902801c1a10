/** Visits of those who talk: by the bootstraps that flags, tokens, this home or the router here name, under a name of their own. */
import { MeshError } from '../core/errors.ts'
import { VISITOR_FLAGS, API_FLAGS, setting } from './command.ts'
import { enterMesh, networkKeyNamed, visitorOf } from './mesh-visit.ts'
import { findContacts } from './fetch/contacts.ts'
import { homeOf } from './router-connection.ts'
import { isAlive } from './process-facts.ts'
import { parseJson } from '../core/json.ts'
import { readContacts } from '../roles/contact-file.ts'
import type { AnyJson, HeardMessage } from '../messages/topic-message.ts'
import type { CommandContext, Flags } from './command.ts'
import type { DirectMessage } from '../messages/inbox.ts'
import type { MeshClient, MeshClientInit } from '../client/mesh-client.ts'
import type { Output } from './output.ts'
import { shortPeer } from './render.ts'

export const TALK_FLAGS: Flags = {
  as: setting('text', 'what to call yourself; others see your PeerId beside it'),
  namespace: setting('text', 'the mesh within the mesh to talk in [that of the router here]'),
  ...VISITOR_FLAGS,
  ...API_FLAGS
}

export async function visitToTalk<T>(
  { args, terminal }: Pick<CommandContext, 'args' | 'terminal'>,
  work: (mesh: MeshClient) => Promise<T>,
  init: Pick<MeshClientInit, 'isReachable' | 'listen'> = {}
): Promise<T> {
  const visit = await visitorOf(args)
  const contacts = await findContacts(args, terminal)
  const here = readContacts(homeOf(args)).filter(({ pid }) => isAlive(pid))
  const bootstrap = [
    ...new Set([...contacts.addresses, ...here.flatMap(({ addresses }) => addresses)])
  ]
  if (bootstrap.length === 0 && (visit.entry?.bootstrap ?? []).length === 0) {
    throw new MeshError('PEER_UNREACHABLE', 'no bootstrap and no router is known here', {
      path: '--bootstrap',
      hint: 'name one with --bootstrap, or run this in the home of one'
    })
  }
  const namespace = args.text('namespace') ?? visit.entry?.namespace ?? contacts.namespace
  const own = { namespace, name: args.text('as'), networkKeyFile: networkKeyNamed(args) }
  return await enterMesh({ bootstrap, visit, signal: terminal.signal, ...own, ...init }, work)
}

/** An object or a list where it is JSON of one, else the text itself. */
export function readMessage(text: string): AnyJson {
  if (!/^\s*[[{]/.test(text)) return text
  try {
    return parseJson(text)
  } catch {
    return text
  }
}

/** Who says it: the name that anybody may take, and the PeerId that nobody can. */
export function authorOf({
  from,
  name,
  role
}: Pick<HeardMessage | DirectMessage, 'from' | 'name' | 'role'>): string {
  const proved = role === undefined ? shortPeer(from) : `${role} ${shortPeer(from)}`
  return name === undefined ? proved : `${name} (${proved})`
}

export function timeOf(atMs: number): string {
  return new Date(atMs).toTimeString().slice(0, 8)
}

/** One message for people, or as a line of JSON for programs. */
export function tellMessage(heard: HeardMessage, output: Output): void {
  if (output.isForPrograms) return output.record(heard)
  const { at_ms: atMs, body, dropped = 0, number } = heard
  const { style } = output
  if (dropped > 0) output.alert(`${dropped} messages were missed here`)
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  output.line(`${style.dim(timeOf(atMs))}  ${authorOf(heard)} ${style.dim(`#${number}`)}  ${text}`)
}
