/** Visits of those who talk: by the bootstraps that flags, tokens, this home or the router here name, under a name of their own. */
import { join } from 'node:path'
import { MeshError } from '../core/errors.ts'
import { VISITOR_FLAGS, API_FLAGS, setting } from './command.ts'
import { enterMesh, networkKeyNamed, visitorOf } from './mesh-visit.ts'
import { findContacts } from './fetch/contacts.ts'
import { holdFile } from '../core/held-file.ts'
import { homeOf } from './router-connection.ts'
import { isAlive } from './process-facts.ts'
import { parseJson } from '../core/json.ts'
import { readContacts } from '../roles/contact-file.ts'
import { shortPeer } from './render.ts'
import type { AnyJson, HeardMessage } from '../messages/topic-message.ts'
import type { CommandContext, Flags } from './command.ts'
import type { HeldFile } from '../core/held-file.ts'
import type { DirectMessage } from '../messages/inbox.ts'
import type { MeshClient, MeshClientInit } from '../client/mesh-client.ts'
import type { Output } from './output.ts'
import type { Visit } from '../enrolment/visit.ts'

export const TALK_FLAGS: Flags = {
  as: setting('text', 'what to call yourself; others see your PeerId beside it'),
  namespace: setting('text', 'the mesh within the mesh to talk in [that of the router here]'),
  ...VISITOR_FLAGS,
  ...API_FLAGS
}

export interface TalkInit extends Pick<MeshClientInit, 'isReachable' | 'listen'> {
  /** Stays to hear what others say. @default false */
  hears?: boolean
}

export async function visitToTalk<T>(
  context: Pick<CommandContext, 'args' | 'terminal'>,
  work: (mesh: MeshClient) => Promise<T>,
  { hears = false, ...init }: TalkInit = {}
): Promise<T> {
  const visit = await visitorOf(context.args)
  const ears = hears ? takeEars(visit) : undefined
  try {
    return await talkAs(visit, context, work, init)
  } finally {
    ears?.release()
  }
}

/**
 * A bootstrap speaks to each identity once: of two commands that listen as the same client, one would miss what is said.
 * Strangers and operators have an identity for each visit, and nothing to hold.
 * @throws MeshError NODE_ALREADY_RUNNING
 */
function takeEars({ folder }: Visit): HeldFile | undefined {
  if (folder === undefined) return undefined
  const held = holdFile(join(folder, 'listener.lock'))
  if (held !== undefined) return held
  throw new MeshError(
    'NODE_ALREADY_RUNNING',
    'another command listens already as the client that this home is',
    {
      path: '--home',
      hint: 'end that one, or give this one a home of its own: taskmesh join @TOKEN --home DIR, then the same command with --home DIR'
    }
  )
}

async function talkAs<T>(
  visit: Visit,
  { args, terminal }: Pick<CommandContext, 'args' | 'terminal'>,
  work: (mesh: MeshClient) => Promise<T>,
  init: Pick<MeshClientInit, 'isReachable' | 'listen'>
): Promise<T> {
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
