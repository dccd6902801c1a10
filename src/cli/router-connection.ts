/**
 * Finds the router to talk to and the token that opens it: what the flags say, else the one router that
 * runs under the home folder, else the usual port.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ApiClient } from '../client/api-client.ts'
import { MeshError } from '../core/errors.ts'
import { givenSecret, readSecret } from '../core/secret-file.ts'
import { parseJson } from '../core/json.ts'
import { expandHome } from '../config/compile.ts'
import { isAlive } from './process-facts.ts'
import { readTextFile } from './local-files.ts'
import type { ApiClientInit } from '../client/api-caller.ts'
import type { Args } from './args.ts'

/** What a node with an API tells programs of its own user. */
export interface ApiEntry {
  /** Of its folder. */
  name: string
  role: 'monitor' | 'router'
  url: string
  token: string
  pid: number
  /** Its certificate, if it speaks https. */
  ca?: string
}

const URL_DEFAULT = 'http://127.0.0.1:51880'
const HOME_DEFAULT = '~/.taskmesh'

/** @throws MeshError CONFIG_INVALID if several routers run here and none is named */
export function connectToRouter(args: Args): ApiClient {
  return new ApiClient(findRouter(args))
}

export function findRouter(args: Args): ApiClientInit {
  const api = args.text('api')
  const nodes = livingNodes(homeOf(args))
  const url = api ?? onlyOne(nodes.filter(({ role }) => role === 'router'))?.url ?? URL_DEFAULT
  const entry = nodes.find((candidate) => isSameAddress(candidate.url, url))
  const token = args.text('token')
  const caFile = args.text('api-ca')
  return {
    url,
    trace: args.trace,
    token: token === undefined ? entry?.token : givenSecret(token, args.sourceOf('token')),
    ca: caFile === undefined ? entry?.ca : readTextFile(caFile, args.sourceOf('api-ca'))
  }
}

export function homeOf(args: Args): string {
  return expandHome(args.text('home') ?? HOME_DEFAULT)
}

/** Routers and monitors whose processes still live, by their files under `home`. */
export function livingNodes(home: string): ApiEntry[] {
  if (!existsSync(home)) return []
  return readdirSync(home, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => readEntry(home, name))
    .filter((entry) => entry !== undefined)
    .filter(({ pid }) => isAlive(pid))
}

function onlyOne(entries: readonly ApiEntry[]): ApiEntry | undefined {
  if (entries.length < 2) return entries[0]
  throw new MeshError('CONFIG_INVALID', `${entries.length} routers run here`, {
    path: '--api',
    hint: `choose one: ${entries.map(({ url }) => `--api ${url}`).join(' or ')}`
  })
}

function readEntry(home: string, name: string): ApiEntry | undefined {
  try {
    // Whoever else could have put it there would be sent our jobs.
    const text = Buffer.from(readSecret(join(home, name, 'api.json')) ?? '').toString()
    const { ca, pid, role = 'router', token, url } = parseJson(text) as Partial<ApiEntry>
    const isWhole = typeof url === 'string' && typeof token === 'string' && typeof pid === 'number'
    const secured = typeof ca === 'string' ? { ca } : {}
    return isWhole ? { name, role, url, token, pid, ...secured } : undefined
  } catch {
    // Not there, of another user, or half written: then it is no help, and the next source is asked.
    return undefined
  }
}

function isSameAddress(left: string, right: string): boolean {
  return originOf(left) === originOf(right)
}

function originOf(text: string): string {
  const full = text.includes('://') ? text : `http://${text}`
  const origin = URL.canParse(full) ? new URL(full).origin : text
  return origin.replace('//localhost', '//127.0.0.1')
}
