/** The text of one flag or variable as a value, and errors that name where a value came from. */
import { MeshError } from '../core/errors.ts'
import { hideSecrets } from '../core/secret-text.ts'
import type { OptionKind } from './options.ts'

/** As people write them in variables. */
const ON = ['true', '1', 'yes', 'on']
const OFF = ['false', '0', 'no', 'off']

/** @throws MeshError FIELD_INVALID with `source` as its path */
export function readOption(kind: OptionKind, texts: readonly string[], source: string): unknown {
  const last = texts.at(-1) ?? ''
  switch (kind) {
    case 'text':
      return last
    case 'integer':
    case 'number':
      return readNumber(last, kind, source)
    case 'switch':
      return readSwitch(last, source)
    case 'list':
      return texts
    case 'texts':
      return Object.fromEntries(texts.map((text) => readPair(text, source)))
    case 'numbers':
      return Object.fromEntries(
        texts.map((text) => {
          const [key, value] = readPair(text, source)
          return [key, readNumber(value, 'number', source)]
        })
      )
  }
}

/** `zone=home` → `['zone', 'home']`. @throws MeshError FIELD_INVALID */
export function readPair(text: string, source: string): [string, string] {
  const at = text.indexOf('=')
  if (at > 0) return [text.slice(0, at).trim(), text.slice(at + 1).trim()]
  throw new MeshError('FIELD_INVALID', `"${text}" is not a pair`, {
    path: source,
    hint: 'write key=value'
  })
}

export interface Sources {
  /** Key → what to call the place where it came from. */
  origins: Readonly<Record<string, string>>
  /** Texts that no error may show. */
  secrets: readonly string[]
}

/** Runs `work`; an error about a setting comes out with the source of that setting as its path. */
export function sourced<T>({ origins, secrets }: Sources, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    const error = MeshError.from(cause)
    const key = error.path?.split(/[.[]/)[0]
    const origin = key === undefined ? undefined : origins[key]
    if (origin === undefined) throw error
    const { code, hint, message } = error
    throw new MeshError(code, hideSecrets(message, secrets), {
      path: origin,
      hint: hint === undefined ? undefined : hideSecrets(hint, secrets)
    })
  }
}

function readSwitch(text: string, source: string): boolean {
  const word = text.trim().toLowerCase()
  if (ON.includes(word)) return true
  if (OFF.includes(word)) return false
  throw new MeshError('FIELD_INVALID', `"${text}" is neither on nor off`, {
    path: source,
    hint: 'write true or false'
  })
}

function readNumber(text: string, kind: 'integer' | 'number', source: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (kind === 'integer' ? Number.isSafeInteger(value) : Number.isFinite(value)) return value
  throw new MeshError(
    'FIELD_INVALID',
    `"${text}" is not a ${kind === 'integer' ? 'whole number' : 'number'}`,
    { path: source, hint: kind === 'integer' ? 'write digits only, such as 4' : 'such as 1.5' }
  )
}
