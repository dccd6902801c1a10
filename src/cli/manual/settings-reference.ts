/** docs/configuration.md: every setting of every role, from the schemas of config files and the table of options. */
import { readDefaults } from '../../config/load.ts'
import { ROLES, ROLE_OPTIONS, isRepeatable, variableOf } from '../../config/options.ts'
import { schemaDocuments } from '../../model/validate.ts'
import { code, markdownTable, prose, sentence } from './markdown.ts'
import type { RoleOption } from '../../config/options.ts'

/** What of JSON Schema is told to people. */
interface Setting {
  readonly type?: string
  readonly description?: string
  readonly enum?: readonly unknown[]
  readonly minimum?: number
  readonly maximum?: number
}

const HEAD = `# Settings

Every setting of every node. The same one may stand in a config file (\`--config FILE\`, one JSON object with the keys below), in a variable,
or be a flag: flags win over variables, variables over the file, the file over the defaults. \`taskmesh config show ROLE\` prints what counts
and where each value came from. Lists have commas in a variable, and their flags may be repeated.

This page is made from the program (\`npm run generate\`), and a test holds it to that; the schemas themselves are in \`schemas/config/\`.`

export function settingsReference(): string {
  return `${[HEAD, ...ROLE_OPTIONS.map(section)].join('\n\n')}\n`
}

function section(option: RoleOption): string {
  const { flag, key, kind, roles } = option
  const setting = fullestOf(roles.map((role) => propertyOf(role, key)))
  const described = setting.description ?? sentence(option.describe)
  const where = roles.length === ROLES.length ? 'all' : roles.join(', ')
  const rows = [
    ['nodes', where],
    ['flag', code(kind === 'switch' ? `--${flag}` : `--${flag} …`) + repeated(option)],
    ['variable', code(variableOf(flag))],
    ...boundsOf(setting),
    ...defaultsOf(option)
  ]
  return [`## ${key}`, prose(described), markdownTable(['', ''], rows)].join('\n\n')
}

/** Roles word one setting differently; who says most of it says it best. */
function fullestOf(settings: readonly Setting[]): Setting {
  const lengthOf = ({ description = '' }: Setting): number => description.length
  return settings.toSorted((left, right) => lengthOf(right) - lengthOf(left))[0] ?? {}
}

function repeated({ kind }: RoleOption): string {
  return isRepeatable(kind) ? ', repeatable' : ''
}

function boundsOf({ enum: choices, maximum, minimum }: Setting): string[][] {
  if (choices !== undefined) return [['one of', choices.map((one) => code(String(one))).join(', ')]]
  const bounds = [
    ...(minimum === undefined ? [] : [`from ${minimum}`]),
    ...(maximum === undefined ? [] : [`to ${maximum}`])
  ]
  return bounds.length === 0 ? [] : [['range', bounds.join(' ')]]
}

/** One for all, or one for each role that has it. */
function defaultsOf({ key, roles }: RoleOption): string[][] {
  const texts = roles.flatMap((role) => {
    const value = readDefaults(role).values[key]
    return value === undefined ? [] : [{ role, text: code(JSON.stringify(value)) }]
  })
  const [first] = texts
  if (first === undefined) return []
  const isSame = texts.length === roles.length && texts.every(({ text }) => text === first.text)
  return [
    ['default', isSame ? first.text : texts.map(({ role, text }) => `${role}: ${text}`).join('; ')]
  ]
}

function propertyOf(role: string, key: string): Setting {
  const { properties = {} } = schemaDocuments.get(`config/${role}`) as {
    properties?: Record<string, Setting>
  }
  return properties[key] ?? {}
}
