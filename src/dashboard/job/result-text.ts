/** A result on one line of a table. Pure. */

const LETTERS_MAX = 200

export function resultText(result: unknown): string {
  const text = typeof result === 'string' ? result : JSON.stringify(result)
  return text.slice(0, LETTERS_MAX)
}
