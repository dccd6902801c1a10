/** Secrets among the settings: read from the files that stand for them, and kept out of what is shown. */
import { givenSecret } from '../core/secret-file.ts'
import { hideSecrets } from '../core/secret-text.ts'
import { optionsOf } from './options.ts'
import type { Role } from './options.ts'

type Values = Readonly<Record<string, unknown>>

/** What `config show` prints for a secret that is there. */
const SET = '(set)'

/**
 * The settings with the secrets that `@FILE` stands for.
 * @param nameOf what to call the place where a setting came from
 * @throws MeshError FIELD_INVALID
 */
export function readSecrets(
  role: Role,
  values: Values,
  nameOf: (key: string) => string
): Record<string, unknown> {
  const texts = secretKeys(role).flatMap((key) => {
    const value = values[key]
    return typeof value === 'string' ? [[key, givenSecret(value, nameOf(key))]] : []
  })
  return { ...values, ...(Object.fromEntries(texts) as Record<string, string>) }
}

/** The settings as anybody may see them: a secret is `(set)`, the name of its file is none, an address has no password. */
export function withoutSecrets(role: Role, values: Values): Record<string, unknown> {
  const secret = secretKeys(role)
  const shown = Object.entries(values).map(([key, value]) => [
    key,
    secret.includes(key) ? shownSecret(value) : withoutPasswords(value)
  ])
  return Object.fromEntries(shown) as Record<string, unknown>
}

/** The secrets themselves, for whoever takes them out of texts. */
export function secretsIn(role: Role, values: Values): string[] {
  return secretKeys(role)
    .map((key) => values[key])
    .filter((value) => typeof value === 'string')
}

function secretKeys(role: Role): string[] {
  return optionsOf(role)
    .filter(({ isSecret }) => isSecret === true)
    .map(({ key }) => key)
}

function shownSecret(value: unknown): unknown {
  return typeof value === 'string' && value.startsWith('@') ? value : SET
}

function withoutPasswords(value: unknown): unknown {
  if (typeof value === 'string') return hideSecrets(value)
  return Array.isArray(value) ? value.map(withoutPasswords) : value
}
