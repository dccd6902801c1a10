/** Inputs as people type them: `text=@README.md`, `n=3`, `@whole.json`, `[1,2]`. */
import { MeshError } from '../core/errors.ts'
import { parseJson } from '../core/json.ts'
import { dirname } from 'node:path'
import { parseLoosely } from './job-document.ts'
import { placeLocalFiles, readTextFile } from './local-files.ts'
import type { ItemDocument } from '../model/job.ts'
import type { Json } from '../core/json.ts'

const PAIR = /^([A-Za-z_][\w.-]*)=([\s\S]*)$/
const ITEM_KEYS = new Set([
  'id',
  'input',
  'args',
  'argv',
  'env',
  'stdin',
  'files',
  'inputs',
  'seed'
])
const EACH = '--each'

/**
 * The values of one repeatable flag as one JSON value: pairs make an object; a single value that is no
 * pair is the whole.
 * @returns undefined if none was given
 * @throws MeshError FIELD_INVALID, FILE_NOT_FOUND
 */
export function readInput(texts: readonly string[], flagName: string): Json | undefined {
  const [first] = texts
  if (first === undefined) return undefined
  if (texts.length === 1 && !PAIR.test(first)) return readWhole(first, flagName)
  const entries = texts.map((text): [string, Json] => {
    const [, key, value] = PAIR.exec(text) ?? []
    if (key === undefined || value === undefined) throw notAnInput(text, flagName)
    return [key, readValue(value, flagName)]
  })
  return Object.fromEntries(entries)
}

/** The items of `--each FILE.json`: item documents, or plain inputs. */
export function readEach(file: string): ItemDocument[] {
  const value = parseFile(file, EACH)
  if (!Array.isArray(value) || value.length === 0) {
    throw new MeshError('FIELD_INVALID', `${file} must hold a JSON array with at least one item`, {
      path: EACH,
      hint: 'such as [{"id":"a","input":1}] or, shorter, [1, 2, 3]'
    })
  }
  const items = value.map((item) => (isItemDocument(item) ? item : { input: item }))
  placeLocalFiles({ each: items }, dirname(file))
  return items
}

function isItemDocument(value: Json): value is Json & ItemDocument {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const keys = Object.keys(value)
  return keys.length > 0 && keys.every((key) => ITEM_KEYS.has(key))
}

/** A leading `@` names a file; `@@` is a text that begins with one. */
function readValue(text: string, flagName: string): Json {
  if (text.startsWith('@@')) return text.slice(1)
  return text.startsWith('@') ? readTextFile(text.slice(1), flagName) : parseLoosely(text)
}

function readWhole(text: string, flagName: string): Json {
  if (text.startsWith('@') && !text.startsWith('@@')) return parseFile(text.slice(1), flagName)
  try {
    return parseJson(text)
  } catch {
    throw notAnInput(text, flagName)
  }
}

function parseFile(file: string, flagName: string): Json {
  const text = readTextFile(file, flagName)
  try {
    return parseJson(text)
  } catch (cause) {
    const { code, message } = MeshError.from(cause)
    throw new MeshError(code, `${file}: ${message}`, { path: flagName })
  }
}

function notAnInput(text: string, flagName: string): MeshError {
  return new MeshError('FIELD_INVALID', `"${text}" is not an input`, {
    path: flagName,
    hint: `write ${flagName} key=value, key=@file for a text from a file, @file.json for all of it, or JSON`
  })
}
