/** One half of the index: each word that some pages use often and others do not, with those pages, the most telling first. */
const OFTEN = 3

function main() {
  const parts = files.names().map((name) => JSON.parse(files.text(name)))
  const pages = {}
  for (const { counts, page } of parts) {
    for (const [word, count] of counts) (pages[word] ??= []).push({ page, count })
  }
  const entries = Object.keys(pages)
    .toSorted()
    .map((word) => ({ word, often: pages[word].filter(({ count }) => count >= OFTEN) }))
    .filter(({ often }) => often.length > 0 && often.length < parts.length)
  const lines = entries.map(({ often, word }) => {
    const names = often.toSorted((a, b) => b.count - a.count || (a.page < b.page ? -1 : 1))
    return `${word}: ${names.map(({ page }) => page).join(', ')}\n`
  })
  files.write('out/index.txt', lines.join(''))
  return lines.length
}
