/** Counts the words of one text, and leaves the counts as a file. */
function main() {
  const words = {}
  const text = files.text('in/text').toLowerCase()
  for (const word of text.match(/\p{L}+/gu) ?? []) {
    words[word] = (words[word] ?? 0) + 1
  }
  files.write('out/words.json', JSON.stringify(words))
  return { words: Object.keys(words).length }
}
