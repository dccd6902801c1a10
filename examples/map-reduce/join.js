/** Puts the halves one after the other, under letters as an index has them. */
function main() {
  const lines = files
    .names()
    .toSorted()
    .flatMap((name) => files.text(name).split('\n').filter(Boolean))
  let letter = ''
  const rows = lines.flatMap((line) => {
    if (line[0] === letter) return [line]
    letter = line[0]
    return ['', letter.toUpperCase(), line]
  })
  files.write('out/index.txt', `${rows.join('\n').trim()}\n`)
  return { words: lines.length }
}
