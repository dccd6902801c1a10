/**
 * Counts the words of a text. Runs in the sandbox of a worker, which hands the task's input to `main`
 * and sends back what it returns; there is no network, no file and no module to import.
 *
 * A word is three or more letters of any alphabet, in lower case. Fenced code blocks and addresses
 * are left out, because a README is full of both and neither is prose.
 */
function main({ text }) {
  const prose = text.replace(/^(```|~~~)[^]*?^\1/gm, ' ').replace(/https?:\/\/[^\s)\]>"]+/g, ' ')
  const counts = new Map()
  for (const [word] of prose.toLowerCase().matchAll(/\p{L}{3,}/gu)) {
    counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  return {
    total: [...counts.values()].reduce((sum, count) => sum + count, 0),
    words: Object.fromEntries(counts)
  }
}
