/** Where two JSON values differ, in words; the order of keys is no difference. */

export interface DifferenceOptions {
  countMax: number
  /** Takes two values for equal that are not. */
  isSame?: (left: unknown, right: unknown) => boolean
}

/** Of a value in a sentence. */
const VALUE_LETTERS_MAX = 40

/** Such as `timeouts.run: "1h", now "2h"`. */
export function describeDifferences(
  left: unknown,
  right: unknown,
  options: DifferenceOptions
): string[] {
  const found: string[] = []
  compare(left, right, '', (path, before, after) => {
    if (options.isSame?.(before, after) === true) return 'same'
    if (isNested(before, after)) return 'look-inside'
    if (before !== after) found.push(`${path}: ${shorten(before)}, now ${shorten(after)}`)
    return found.length < options.countMax ? 'same' : 'enough'
  })
  return found
}

type Visit = (path: string, left: unknown, right: unknown) => 'same' | 'look-inside' | 'enough'

/** False once the visitor has enough. */
function compare(left: unknown, right: unknown, path: string, visit: Visit): boolean {
  const verdict = visit(path, left, right)
  if (verdict !== 'look-inside') return verdict === 'same'
  const [before, after] = [left as Record<string, unknown>, right as Record<string, unknown>]
  const keys = new Set([...Object.keys(before), ...Object.keys(after)])
  for (const key of keys) {
    const inner = Array.isArray(left) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`
    if (!compare(own(before, key), own(after, key), inner, visit)) return false
  }
  return true
}

function isNested(left: unknown, right: unknown): boolean {
  const areObjects =
    typeof left === 'object' && left !== null && typeof right === 'object' && right !== null
  return areObjects && Array.isArray(left) === Array.isArray(right)
}

function own(holder: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(holder, key) ? holder[key] : undefined
}

function shorten(value: unknown): string {
  if (value === undefined) return 'nothing'
  const text = JSON.stringify(value)
  return text.length > VALUE_LETTERS_MAX ? `${text.slice(0, VALUE_LETTERS_MAX)}…` : text
}
