/** Adds up what was counted of each text, and leaves a table. */
function main() {
  const total = {}
  for (const name of files.names()) {
    const words = JSON.parse(files.text(name))
    for (const word of Object.keys(words)) total[word] = (total[word] ?? 0) + words[word]
  }
  const rows = Object.entries(total).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  files.write('out/table.csv', rows.map(([word, count]) => `${word},${count}\n`).join(''))
  return Object.fromEntries(rows.slice(0, 3))
}
