/** Sends a request as it was written, and shows the answer as it comes: also one that says no, and one that has no end. */
import { PLACE } from '../data/place.ts'
import { apiBase, credentialsFor } from '../data/session.ts'
import type { Operation } from './document.ts'

export interface Wish {
  operation: Operation
  /** By the names of the parameters; empty ones are left out. */
  values: Readonly<Record<string, string>>
  body: string
}

export interface Answer {
  status: number
  headers: [name: string, value: string][]
  text: string
  isWhole: boolean
}

/** More than that nobody reads on a page. */
const LETTERS_MAX = 200_000
const SHOWN_HEADERS = ['content-type', 'link', 'location', 'retry-after', 'etag']

/** Of what is looked at: `/v1/…`, or that of a router behind a monitor. */
export function addressOf({ operation, values }: Pick<Wish, 'operation' | 'values'>): string {
  const path = operation.path
    .replace(/^\/v1/, apiBase.value)
    .replaceAll(/\{(\w+)\}/g, (_all, name: string) => encodeURIComponent(values[name] ?? ''))
  const query = new URLSearchParams()
  for (const { in: place, name, schema } of operation.parameters) {
    const value = values[name] ?? ''
    if (place !== 'query' || value === '') continue
    const each = schema.type === 'array' ? value.split(/\s*,\s*/) : [value]
    for (const one of each) query.append(name, one)
  }
  const text = query.toString()
  return `${PLACE}${path}${text === '' ? '' : `?${text}`}`
}

/** @param onAnswer called as more of it comes */
export async function send(
  wish: Wish,
  onAnswer: (answer: Answer) => void,
  signal: AbortSignal
): Promise<void> {
  const url = new URL(addressOf(wish), location.origin)
  const response = await fetch(url, { ...requestOf(wish, url), signal })
  const headers = [...response.headers].filter(([name]) => SHOWN_HEADERS.includes(name))
  const begun = { status: response.status, headers }
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  onAnswer({ ...begun, text, isWhole: reader === undefined })
  if (reader === undefined) return
  for (;;) {
    // A piece after the other, as they come.
    // oxlint-disable-next-line no-await-in-loop
    const { done, value = '' } = await reader.read()
    text = (text + value).slice(0, LETTERS_MAX)
    const isWhole = done || text.length === LETTERS_MAX
    onAnswer({ ...begun, text, isWhole })
    if (!isWhole) continue
    // oxlint-disable-next-line no-await-in-loop -- and that is the last of it
    await reader.cancel()
    return
  }
}

function requestOf({ body, operation }: Wish, url: URL): RequestInit {
  const [type = ''] = Object.keys(operation.requestBody?.content ?? {})
  const headers = credentialsFor(url)
  const { method } = operation
  if (type === '' || body.trim() === '') return { method, headers }
  return { method, headers: { ...headers, 'content-type': type }, body }
}
