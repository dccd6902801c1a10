/** JSON text from strangers: bounded before it is parsed, refused with a typed error. */
import { LIMITS } from './limits.ts'
import { MeshError, messageOf } from './errors.ts'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

const QUOTE = 34
const BACKSLASH = 92
const OPEN_BRACE = 123
const OPEN_BRACKET = 91
const CLOSE_BRACE = 125
const CLOSE_BRACKET = 93

/**
 * Parses JSON that may be hostile.
 * @throws MeshError REQUEST_TOO_LARGE, REQUEST_TOO_DEEP or REQUEST_NOT_JSON
 */
export function parseJson(
  text: string,
  bytesMax: number = LIMITS.commandBytesMax,
  containersMax: number = LIMITS.jsonContainersMax
): Json {
  if (text.length > bytesMax) {
    throw new MeshError('REQUEST_TOO_LARGE', `the JSON text is longer than ${bytesMax} bytes`)
  }
  assertShallow(text, containersMax)
  try {
    return JSON.parse(text) as Json
  } catch (cause) {
    throw new MeshError('REQUEST_NOT_JSON', `this is not JSON: ${messageOf(cause)}`, {
      hint: 'send one JSON value, in UTF-8',
      cause
    })
  }
}

/** Whether a text that is no JSON is the beginning of one: whatever is open in it at its end is never closed. */
export function isCutShort(text: string): boolean {
  return text.trim() === '' || assertShallow(text, Infinity).isOpen
}

/** What a stranger's value has by name; nothing, where it is no object. */
export function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

/** The same text for equal values, in whatever order their keys stand; what is undefined is not there. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => inOrder(part))
}

/** An object with its keys in order; anything else as it is. */
export function inOrder(part: unknown): unknown {
  if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
  const rows = Object.entries(part).toSorted(([left], [right]) => (left < right ? -1 : 1))
  return Object.fromEntries(rows)
}

/**
 * Counts brackets outside strings: nesting is refused before anything recurses over it, and empty
 * objects by the million before they are made (64 MiB of `{},` take 10 s and 2 GB to parse).
 * @returns whether anything is open at the end
 */
function assertShallow(text: string, containersMax: number): { isOpen: boolean } {
  let depth = 0
  let containers = 0
  let inString = false
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    if (inString) {
      if (code === BACKSLASH) index += 1
      else if (code === QUOTE) inString = false
    } else if (code === QUOTE) inString = true
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      depth += 1
      containers += 1
      if (containers > containersMax) {
        throw new MeshError(
          'REQUEST_TOO_LARGE',
          `JSON holds more than ${containersMax} objects and lists`
        )
      }
      if (depth > LIMITS.jsonDepthMax) {
        throw new MeshError(
          'REQUEST_TOO_DEEP',
          `JSON nests deeper than ${LIMITS.jsonDepthMax} levels`
        )
      }
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth -= 1
  }
  return { isOpen: inString || depth > 0 }
}
