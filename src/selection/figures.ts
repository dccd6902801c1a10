/** Figures as decision records have them: short, for their length is most of what a dispatch writes. */

/** Four decimals: no person reads more of a score, and all 17 digits cost more to write than to count. */
const SCALE = 10_000
/** Megabytes, hertz and milliseconds of this size need no fraction. */
const WHOLE_FROM = 1_000

/** What is no number is 0: a record is JSON, and that has no such thing. */
export function toFigure(value: number): number {
  if (!Number.isFinite(value)) return 0
  // By multiplying, which is five times as fast as going through text.
  return Math.abs(value) >= WHOLE_FROM ? Math.round(value) : Math.round(value * SCALE) / SCALE
}
