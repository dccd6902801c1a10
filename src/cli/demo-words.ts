/** The demo's input, found where this program is installed, and the sum of its results. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { basename, dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MeshError } from '../core/errors.ts'
import type { ItemView } from '../model/generated/api-job.ts'

export interface Readme {
  /** Path below node_modules, such as `libp2p/README.md`. */
  name: string
  text: string
}

const FILE_NAME = 'README.md'
const PROJECT = fileURLToPath(new URL('../..', import.meta.url))
/** Item ids are no longer than this; a deeper path is left out. */
const NAME_LETTERS_MAX = 200
/** Well below what one task may carry. */
const TEXT_LETTERS_MAX = 400_000

/** Every README.md among the installed packages. @throws MeshError FILE_NOT_FOUND */
export function findReadmes(folder: string = modulesFolder()): Readme[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name === FILE_NAME)
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
    .map((file) => ({
      name: relative(folder, file).replaceAll(sep, '/'),
      text: readFileSync(file, 'utf8')
    }))
    .filter(({ name, text }) => name.length <= NAME_LETTERS_MAX && text.length <= TEXT_LETTERS_MAX)
  if (files.length > 0) return files
  throw new MeshError('FILE_NOT_FOUND', `there is no ${FILE_NAME} below ${folder}`, {
    hint: 'run npm ci first'
  })
}

/** All counts together, most frequent first; equal ones by the alphabet. */
export function mergeCounts(items: readonly Pick<ItemView, 'result'>[]): {
  total: number
  ranked: [string, number][]
} {
  const sums = new Map<string, number>()
  let total = 0
  for (const { result } of items) {
    const counted = result as { total: number; words: Record<string, number> }
    total += counted.total
    for (const [word, count] of Object.entries(counted.words))
      sums.set(word, (sums.get(word) ?? 0) + count)
  }
  const ranked = [...sums].toSorted(
    ([left, leftCount], [right, rightCount]) => rightCount - leftCount || (left < right ? -1 : 1)
  )
  return { total, ranked }
}

/** What came with this package: beside it, or below it, as in a checkout and where it is installed for all users. */
function modulesFolder(): string {
  const own = join(PROJECT, 'node_modules')
  const isBelow = existsSync(join(own, 'libp2p')) || basename(dirname(PROJECT)) !== 'node_modules'
  return isBelow ? own : dirname(PROJECT)
}
