/** Files of the mesh that a task takes and leaves, as the flags `--in` and `--out` say it. */
import { MeshError } from '../core/errors.ts'
import { localFile } from './local-files.ts'
import type { InputDocument, OutputWish } from '../model/job.ts'

const PAIR = /^([^=]+)=([\s\S]+)$/
/** As nobody's address ends: the hash that an https: input must have. */
const WITH_HASH = /^(https:.*)#sha256=([0-9a-fA-F]{64})$/

/** @returns undefined if none was given. @throws MeshError FIELD_INVALID, FILE_NOT_FOUND */
export function readIns(texts: readonly string[]): InputDocument[] | undefined {
  if (texts.length === 0) return undefined
  return texts.map((text) => {
    const [path, from] = pairOf(text, '--in', 'PATH=FROM, such as --in data.csv=@data.csv')
    if (from.startsWith('@')) return { path, from: localFile(from.slice(1), '--in') }
    const [, url, sha256] = WITH_HASH.exec(from) ?? []
    return url === undefined || sha256 === undefined
      ? { path, from }
      : { path, from: url, sha256: sha256.toLowerCase() }
  })
}

/** @returns undefined if none was given. @throws MeshError FIELD_INVALID */
export function readOuts(texts: readonly string[]): OutputWish[] | undefined {
  if (texts.length === 0) return undefined
  return texts.map((text) => {
    const [name, path] = pairOf(text, '--out', 'NAME=PATH, such as --out thumbs=out/thumbs')
    return { name, path }
  })
}

function pairOf(text: string, flagName: string, form: string): [string, string] {
  const [, first, second] = PAIR.exec(text) ?? []
  if (first !== undefined && second !== undefined) return [first, second]
  throw new MeshError('FIELD_INVALID', `"${text}" is not a pair`, {
    path: flagName,
    hint: `write ${form}`
  })
}
