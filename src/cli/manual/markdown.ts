/** Pages of the manual as Markdown: tables, and texts that stay what they are in one. */

export function markdownTable(
  titles: readonly string[],
  rows: readonly (readonly string[])[]
): string {
  const lines = [titles, titles.map(() => '---'), ...rows]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** As help words it, but standing alone. */
export function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

/** Neither a border nor a tag; on one line. */
export function prose(text: string): string {
  return inCells(text).replaceAll('<', '&lt;')
}

/** In which a tag needs no care. */
export function code(text: string): string {
  return `\`${inCells(text)}\``
}

function inCells(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ').trim()
}
