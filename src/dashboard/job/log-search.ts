/** What of a log a search finds: which lines, and where in them. Colours do not count, nor do capital letters. Pure. */
import { stripAnsi } from './ansi.ts'
import type { LogLine } from './log-book.ts'
import type { Span } from './ansi.ts'

export interface MarkedSpan extends Span {
  isFound: boolean
}

export function findLines(lines: readonly LogLine[], text: string): readonly LogLine[] {
  if (text === '') return lines
  const needle = text.toLowerCase()
  return lines.filter((line) => stripAnsi(line.text).toLowerCase().includes(needle))
}

/** Cuts spans where what is looked for begins and ends, also where that has more than one colour. */
export function markFound(spans: readonly Span[], text: string): readonly MarkedSpan[] {
  const found = placesOf(spans.map((span) => span.text).join(''), text)
  let from = 0
  return spans.flatMap((span) => {
    const start = from
    from += span.text.length
    const cuts = found
      .flat()
      .filter((at) => at > start && at < from)
      .map((at) => at - start)
    const edges = [...new Set([0, ...cuts, span.text.length])]
    return edges.slice(1).map((end, index) => {
      const begin = edges[index] ?? 0
      const isFound = found.some(([first, last]) => first <= start + begin && start + begin < last)
      return { look: span.look, text: span.text.slice(begin, end), isFound }
    })
  })
}

/** From and to, one after the other. */
function placesOf(text: string, wanted: string): [number, number][] {
  const places: [number, number][] = []
  if (wanted === '') return places
  const whole = text.toLowerCase()
  const needle = wanted.toLowerCase()
  for (let at = whole.indexOf(needle); at !== -1; at = whole.indexOf(needle, at + needle.length))
    places.push([at, at + needle.length])
  return places
}
