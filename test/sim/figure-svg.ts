/**
 * Pieces of plain SVG for the figures of the manual: axes, bands, bars. Backgrounds are left out and colours are of middle
 * brightness, so that they can be read on white and on black; what differs in colour differs in place or words as well.
 */

export const GREY = '#7d8590'
export const COLOURS = ['#3b82f6', '#d97706', '#16a34a', '#a855f7', '#e11d48'] as const

/** Where a plot lies in its picture: the rectangle within the axes. */
export interface Frame {
  left: number
  top: number
  width: number
  height: number
  xMax: number
  yMax: number
}

export interface Ticks {
  x: readonly number[]
  y: readonly number[]
  xName: string
  title: string
  yText?: (value: number) => string
}

/** @param title for those who hear it; the page's alt text says more */
export function picture(
  width: number,
  height: number,
  title: string,
  parts: readonly string[]
): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" role="img" font-family="system-ui, sans-serif" font-size="12" fill="${GREY}">`,
    `<title>${title}</title>`,
    ...parts,
    '</svg>',
    ''
  ].join('\n')
}

export function text(x: number, y: number, words: string, more = ''): string {
  return `<text x="${round(x)}" y="${round(y)}"${more === '' ? '' : ` ${more}`}>${words}</text>`
}

export function rectangle(
  { height, width, x, y }: { x: number; y: number; width: number; height: number },
  colour: string,
  more = ''
): string {
  const place = `x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"`
  return `<rect ${place} fill="${colour}"${more === '' ? '' : ` ${more}`}/>`
}

export function axes(frame: Frame, { title, x, xName, y, yText = String }: Ticks): string {
  const { height, left, top, width } = frame
  const bottom = top + height
  return [
    text(left, top - 14, title, 'font-weight="600"'),
    ...y.flatMap((value) => {
      const at = yOf(frame, value)
      return [
        `<path d="M${left} ${at}H${left + width}" stroke="${GREY}" stroke-opacity="0.3"/>`,
        text(left - 6, at + 4, yText(value), 'text-anchor="end"')
      ]
    }),
    ...x.map((value) =>
      text(xOf(frame, value), bottom + 17, String(value), 'text-anchor="middle"')
    ),
    text(left + width / 2, bottom + 34, xName, 'text-anchor="middle"')
  ].join('\n')
}

export function line(
  frame: Frame,
  points: readonly (readonly [number, number])[],
  colour: string
): string {
  const path = points.map(([x, y]) => `${xOf(frame, x)} ${yOf(frame, y)}`).join('L')
  return `<path d="M${path}" fill="none" stroke="${colour}" stroke-width="2"/>`
}

/** What lies between two lines. */
export function band(
  frame: Frame,
  points: readonly { at: number; lower: number; upper: number }[],
  colour: string
): string {
  const there = points.map(({ at, upper }) => `${xOf(frame, at)} ${yOf(frame, upper)}`)
  const back = points.toReversed().map(({ at, lower }) => `${xOf(frame, at)} ${yOf(frame, lower)}`)
  return `<path d="M${[...there, ...back].join('L')}Z" fill="${colour}" fill-opacity="0.25"/>`
}

export function xOf({ left, width, xMax }: Frame, value: number): number {
  return round(left + (value / xMax) * width)
}

export function yOf({ height, top, yMax }: Frame, value: number): number {
  return round(top + height - (value / yMax) * height)
}

export function round(value: number): number {
  return Math.round(value * 10) / 10
}
