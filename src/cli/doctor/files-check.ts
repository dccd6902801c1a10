/** Folders of nodes and the files with secrets in them: who can read or change them. */
import { lstatSync, readFileSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { folderFault, hasRights } from '../../core/private-folder.ts'
import { SECRET_FLAGS } from '../../config/options.ts'
import { asRecord, parseJson } from '../../core/json.ts'
import { secretFault } from '../../core/secret-file.ts'
import { quoted } from './check.ts'
import { valuesOf } from './node-words.ts'
import type { Stats } from 'node:fs'
import type { Check, CheckContext, Finding } from './check.ts'

/** What opens something, by name, in whichever folder it lies. */
const SECRET_FILES: ReadonlySet<string> = new Set([
  'key',
  'key.pem',
  'network-key',
  'membership.json',
  'api-token',
  'api-tokens.json',
  'api.json'
])
/** They name files with a key inside. */
const KEY_FLAGS = ['network-key', 'tls-key'] as const
const OTHERS = 0o077

export const filesCheck: Check = { section: 'key files', run: checkFiles }

function checkFiles({ home, nodes }: CheckContext): Finding[] {
  if (!hasRights() || statSync(home, { throwIfNoEntry: false }) === undefined) return []
  const real = realpathSync(home)
  const folders = readdirSync(real, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return [
    ...folders.flatMap(({ name }) => checkFolder(join(real, name))),
    ...nodes.flatMap((node) => [
      ...checkConfig(valuesOf(node, 'config').at(-1)),
      ...KEY_FLAGS.flatMap((flag) => checkGiven(valuesOf(node, flag).at(-1)))
    ])
  ]
}

/** A config file is its owner's to show, unless a secret stands in it. */
function checkConfig(file: string | undefined): Finding[] {
  const stats = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false })
  if (file === undefined || stats === undefined || (stats.mode & OTHERS) === 0) return []
  const values = asRecord(parseJson(readFileSync(file, 'utf8')))
  const secret = SECRET_FLAGS.map((flag) => flag.replaceAll('-', '_')).find((key) => {
    const value = values[key]
    return typeof value === 'string' && !value.startsWith('@')
  })
  if (secret === undefined) return []
  return [
    {
      severity: 'problem',
      what: `others have rights on the config file ${file}, and "${secret}" stands in it`,
      why: 'it is a secret: who has read it can use it',
      remedy: `chmod 600 ${quoted(file)}, or write "@FILE" there`
    }
  ]
}

function checkGiven(file: string | undefined): Finding[] {
  const stats = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false })
  return file === undefined || stats === undefined ? [] : checkRights(file, stats)
}

function checkFolder(folder: string): Finding[] {
  const stats = statSync(folder)
  const fault = folderFault(folder, stats)
  const findings: Finding[] = []
  if (fault !== undefined) {
    const why = 'whoever writes there can put another key in the place of this one'
    findings.push({ severity: 'problem', what: fault.what, why, remedy: fault.remedy })
  } else if ((stats.mode & OTHERS) !== 0) {
    findings.push({
      severity: 'warning',
      what: `others can look into the folder ${folder}`,
      why: 'files in it are then kept from them by their own rights alone',
      remedy: `chmod 700 ${quoted(folder)}`
    })
  }
  if (process.geteuid?.() !== 0 && !canList(folder)) return findings
  const names = readdirSync(folder).filter((name) => SECRET_FILES.has(name))
  return [...findings, ...names.flatMap((name) => checkSecret(join(folder, name)))]
}

function checkSecret(file: string): Finding[] {
  const stats = lstatSync(file, { throwIfNoEntry: false })
  if (stats === undefined) return []
  const fault = secretFault(file, stats)
  if (fault !== undefined) {
    const why = 'a node does not start with a secret that somebody else may have put there'
    return [{ severity: 'problem', what: fault.what, why, remedy: fault.remedy }]
  }
  return checkRights(file, stats)
}

function checkRights(file: string, { mode }: Stats): Finding[] {
  if ((mode & OTHERS) === 0) return []
  return [
    {
      severity: 'problem',
      what: `others have rights on the file ${file}`,
      why: 'who has read it can be this node, or use its API, until it is replaced',
      remedy: `chmod 600 ${quoted(file)} (and replace it, if others use this machine)`
    }
  ]
}

function canList(folder: string): boolean {
  try {
    readdirSync(folder)
    return true
  } catch {
    return false
  }
}
