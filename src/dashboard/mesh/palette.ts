/** The design's colours, as the map's canvas takes them. */
import { colourOf } from '../data/theme.ts'
import type { Palette } from './draw.ts'

/** As they are now. */
export function readPalette(): Palette {
  return {
    text: colourOf('--ink'),
    muted: colourOf('--ink-faint'),
    surface: colourOf('--surface'),
    accent: colourOf('--accent'),
    good: colourOf('--tone-good'),
    warning: colourOf('--tone-warn'),
    bad: colourOf('--tone-bad'),
    idle: colourOf('--tone-quiet'),
    font: getComputedStyle(document.body).fontFamily
  }
}
