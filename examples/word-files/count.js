/** Counts the words of one text, and leaves the counts as a file. */
function main() {
  const words = {}
  for (const word of files.text('in/text').toLowerCase().match(/\p{L}+/gu) ?? []) {
    words[word] = (words[word] ?? 0) + 1
  }
  files.write('out/words.json', JSON.stringify(words))
  return { words: Object.keys(words).length }
}
