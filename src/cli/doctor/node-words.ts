/** What the words that a node was started with say, and the config file that they name. */
import { readFileSync } from 'node:fs'
import { asRecord, parseJson } from '../../core/json.ts'
import type { NodeProcess } from './check.ts'

/** All values of a flag, as they stand. */
export function valuesOf({ words }: Pick<NodeProcess, 'words'>, flag: string): string[] {
  // A node that has hidden its words is one text with all of them.
  const all = words.length === 1 ? (words[0] ?? '').split(' ') : words
  const name = `--${flag}`
  return all.flatMap((word, index) => {
    if (word.startsWith(`${name}=`)) return [word.slice(name.length + 1)]
    return word === name ? (all[index + 1] ?? []) : []
  })
}

/** What a setting is by the words, else by the config file; undefined where neither says anything. */
export function valueIn(node: NodeProcess, flag: string): string | undefined {
  const value = valuesOf(node, flag).at(-1) ?? configOf(node)[flag.replaceAll('-', '_')]
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
}

/** Nothing of one that cannot be read. */
function configOf(node: NodeProcess): Record<string, unknown> {
  const file = valuesOf(node, 'config').at(-1)
  if (file === undefined) return {}
  try {
    return asRecord(parseJson(readFileSync(file, 'utf8')))
  } catch {
    return {}
  }
}
