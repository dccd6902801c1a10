/**
 * A role's settings from all their sources: defaults < config file < environment < flags. What is wrong
 * is reported with the name of the source it came from, for that is where it has to be put right.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { MeshError, messageOf } from '../core/errors.ts'
import { parseJson } from '../core/json.ts'
import { nearestName, validatorFor } from '../model/validate.ts'
import { compileSettings } from './compile.ts'
import { isRepeatable, optionsOf, variableOf } from './options.ts'
import { readOption, sourced } from './read-option.ts'
import { readSecrets, secretsIn, withoutSecrets } from './secrets.ts'
import type { Role } from './options.ts'
import type {
  BootstrapSettings,
  MonitorSettings,
  RouterSettings,
  ShareSettings,
  WorkerSettings
} from './settings.ts'

export interface SettingsSources {
  /** Flag name without dashes → its texts in the order they were given. */
  flags: Readonly<Record<string, readonly string[]>>
  env: Readonly<Record<string, string | undefined>>
}

export interface SettingsOf {
  bootstrap: BootstrapSettings
  worker: WorkerSettings
  router: RouterSettings
  share: ShareSettings
  monitor: MonitorSettings
}

/** The values of one source or of all, under the keys of config files, and where each came from. */
interface Layer {
  values: Record<string, unknown>
  sources: Record<string, string>
}

const QUOTED_JSON = /, (\.\.\.)?"[^]*"(\.\.\.)? is not valid JSON/

const VALIDATORS = {
  bootstrap: validatorFor('config/bootstrap'),
  worker: validatorFor('config/worker'),
  router: validatorFor('config/router'),
  share: validatorFor('config/share'),
  monitor: validatorFor('config/monitor')
}

/**
 * The settings of a role, checked, in the code's units, frozen.
 * @throws MeshError CONFIG_INVALID (no such file, not JSON), FIELD_UNKNOWN, FIELD_INVALID; `path` names the source
 */
export function loadSettings<R extends Role>(role: R, sources: SettingsSources): SettingsOf[R] {
  const { values, origins } = loadConfig(role, sources)
  const secrets = secretsIn(role, values)
  return sourced({ origins, secrets }, () => compileSettings(role, values)) as SettingsOf[R]
}

/**
 * The settings of a role from the keys of its config file alone: for a program that embeds the node, and
 * whose environment is not the node's.
 * @throws MeshError FIELD_UNKNOWN, FIELD_INVALID
 */
export function settingsFrom<R extends Role>(
  role: R,
  given: Readonly<Record<string, unknown>>
): SettingsOf[R] {
  const values = readSecrets(role, { ...readDefaults(role).values, ...given }, (key) => key)
  VALIDATORS[role](values)
  return compileSettings(role, values) as SettingsOf[R]
}

/** The same as a document, with the name of each setting's source. */
export interface LoadedConfig {
  values: Record<string, unknown>
  /** What `config show` prints and a config file may hold. */
  shown: Record<string, unknown>
  origins: Readonly<Record<string, string>>
}

export function loadConfig(role: Role, sources: SettingsSources): LoadedConfig {
  const file = sources.flags['config']?.at(-1) ?? sources.env[variableOf('config')]
  const layers = [
    readDefaults(role),
    ...(file === undefined || file === '' ? [] : [readFileLayer(role, file)]),
    readVariables(role, sources.env),
    readFlags(role, sources.flags)
  ]
  const given = Object.assign({}, ...layers.map((layer) => layer.values)) as Layer['values']
  const origins = Object.assign({}, ...layers.map((layer) => layer.sources)) as Layer['sources']
  const values = readSecrets(role, given, (key) => origins[key] ?? key)
  sourced({ origins, secrets: secretsIn(role, values) }, () => VALIDATORS[role](values))
  return { values, shown: withoutSecrets(role, given), origins }
}

/** What counts where nobody says anything. */
export function readDefaults(role: Role): Layer {
  const file = fileURLToPath(new URL(`../../config/${role}.default.json`, import.meta.url))
  const values = JSON.parse(readFileSync(file, 'utf8')) as Layer['values']
  return { values, sources: sourcesOf(values, () => `the default`) }
}

function readFileLayer(role: Role, file: string): Layer {
  const values = parseFile(file)
  const known = optionsOf(role).map(({ key }) => key)
  for (const key of Object.keys(values)) {
    if (known.includes(key)) continue
    const nearest = nearestName(key, known)
    throw new MeshError('FIELD_UNKNOWN', `${key} is not a setting of a ${role}`, {
      path: `${key} in ${file}`,
      hint: nearest === undefined ? `known: ${known.join(', ')}` : `did you mean "${nearest}"?`
    })
  }
  return { values, sources: sourcesOf(values, (key) => `${key} in ${file}`) }
}

function parseFile(file: string): Record<string, unknown> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new MeshError('CONFIG_INVALID', `the config file cannot be read: ${messageOf(cause)}`, {
      path: file,
      cause
    })
  }
  try {
    const value = parseJson(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch (cause) {
    // What the parser quotes of the text may be a secret.
    const why = messageOf(cause).replace(QUOTED_JSON, ' is not valid JSON')
    throw new MeshError('CONFIG_INVALID', why, { path: file })
  }
  throw new MeshError('CONFIG_INVALID', 'a config file holds one JSON object', { path: file })
}

function readVariables(role: Role, env: SettingsSources['env']): Layer {
  const layer: Layer = { values: {}, sources: {} }
  for (const option of optionsOf(role)) {
    const variable = variableOf(option.flag)
    const text = env[variable]
    // An empty variable is how shells and compose files say "not set".
    if (text === undefined || text === '') continue
    const texts = isRepeatable(option.kind) ? text.split(',').map((part) => part.trim()) : [text]
    layer.values[option.key] = readOption(option.kind, texts, variable)
    layer.sources[option.key] = variable
  }
  return layer
}

function readFlags(role: Role, flags: SettingsSources['flags']): Layer {
  const layer: Layer = { values: {}, sources: {} }
  for (const option of optionsOf(role)) {
    const texts = flags[option.flag]
    if (texts === undefined || texts.length === 0) continue
    layer.values[option.key] = readOption(option.kind, texts, `--${option.flag}`)
    layer.sources[option.key] = `--${option.flag}`
  }
  return layer
}

function sourcesOf(values: object, nameOf: (key: string) => string): Record<string, string> {
  return Object.fromEntries(Object.keys(values).map((key) => [key, nameOf(key)]))
}
