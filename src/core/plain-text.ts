/**
 * Texts of strangers for people's eyes: they must not steer a terminal, hide themselves, run backwards, or begin
 * lines of their own. Simple colours, which are ours, may stay. Pure.
 */

/** Colours; then C0, DEL and C1, marks of direction, invisible letters that join or part, tags, line ends beside \n. */
const CONTROLS =
  // oxlint-disable-next-line no-control-regex, no-misleading-character-class
  /\u001b\[(?:[0-479]|22|39|[39][0-7])m|[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]|[\u{e0000}-\u{e007f}]/gu
const COLOUR = /^.\[/s
/** As far as JSON leaves them to whoever writes it. */
const UNESCAPED =
  // oxlint-disable-next-line no-control-regex, no-misleading-character-class
  /[\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

/** A text as one line. */
export function printable(text: string): string {
  return text.replaceAll(CONTROLS, (found) => (COLOUR.test(found) ? found : '·'))
}

/** A text of several lines, with its tabs. */
export function printableLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.replace(/\r$/, '').split('\t').map(printable).join('\t'))
    .join('\n')
}

/** JSON that says the same, and that a terminal shows as it is. */
export function printableJson(json: string): string {
  return json.replaceAll(
    UNESCAPED,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`
  )
}
