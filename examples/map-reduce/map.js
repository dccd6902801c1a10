/** Counts the words of one page, and leaves two files: each reducer gets its half of the alphabet of every page. */
const HALVES = { 'a-m': /^[a-m]/, 'n-z': /^[n-z]/ }

function main({ page }) {
  const prose = files
    .text('in/page')
    .replace(/```[^]*?```/g, ' ')
    .toLowerCase()
  const counts = {}
  for (const word of prose.match(/[a-z]{4,}/g) ?? []) counts[word] = (counts[word] ?? 0) + 1
  const words = Object.keys(counts)
  for (const [half, pattern] of Object.entries(HALVES)) {
    const own = words.filter((word) => pattern.test(word)).map((word) => [word, counts[word]])
    files.write(`out/${half}.json`, JSON.stringify({ page, counts: own }))
  }
  return words.length
}
