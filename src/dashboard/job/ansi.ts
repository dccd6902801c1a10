/** Colours that programs write for terminals, as spans; all other control letters are left out. Pure. */

export interface Span {
  text: string
  /** A class, such as `ansi-red`; nothing for plain text. */
  look: string
}

const COLOURS = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'] as const

// oxlint-disable-next-line no-control-regex -- they are what is looked for
const SEQUENCE = /\u001b(?:\[([0-9;]*)([A-Za-z])|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|.)/g
// oxlint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

interface Style {
  colour: string
  isBold: boolean
}

const PLAIN: Style = { colour: '', isBold: false }

/** One line. A colour ends with it: what a reader jumps into looks as it does from the beginning. */
export function readAnsi(line: string): readonly Span[] {
  const spans: Span[] = []
  let style = PLAIN
  let from = 0
  const add = (text: string): void => {
    const clean = text.replaceAll(CONTROLS, '')
    if (clean !== '') spans.push({ text: clean, look: lookOf(style) })
  }
  for (const match of line.matchAll(SEQUENCE)) {
    add(line.slice(from, match.index))
    from = match.index + match[0].length
    if (match[2] === 'm') style = (match[1] ?? '').split(';').reduce(withCode, style)
  }
  add(line.slice(from))
  return spans
}

/** Without any of it: what is searched and saved. */
export function stripAnsi(text: string): string {
  return text.replaceAll(SEQUENCE, '').replaceAll(CONTROLS, '')
}

function withCode(style: Style, text: string): Style {
  const code = Number(text)
  if (code === 0) return PLAIN
  if (code === 1) return { ...style, isBold: true }
  if (code === 22) return { ...style, isBold: false }
  if (code === 39) return { ...style, colour: '' }
  const index = code >= 90 ? code - 90 : code - 30
  const colour = COLOURS[index]
  return colour === undefined ? style : { ...style, colour }
}

function lookOf({ colour, isBold }: Style): string {
  return [colour === '' ? '' : `ansi-${colour}`, isBold ? 'ansi-bold' : '']
    .filter(Boolean)
    .join(' ')
}
