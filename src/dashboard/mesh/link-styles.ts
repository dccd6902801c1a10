/** How links of each kind are drawn: by their strokes, and only then by their colours. */
import type { MapLink } from '../../model/generated/api-map.ts'

export type Path = MapLink['path']

export interface LinkStyle {
  title: string
  /** What it means for somebody who has not read about it. */
  text: string
  dash: readonly number[]
  width: number
  /** Which of the map's colours. */
  tone: 'quiet' | 'plain' | 'good' | 'warning'
}

export const LINK_STYLES: Readonly<Record<Path, LinkStyle>> = {
  direct: { title: 'direct', text: 'over the internet', dash: [], width: 1.4, tone: 'plain' },
  lan: {
    title: 'local network',
    text: 'by private addresses',
    dash: [],
    width: 2.4,
    tone: 'plain'
  },
  local: { title: 'same machine', text: 'never leaves it', dash: [], width: 0.8, tone: 'quiet' },
  punched: { title: 'punched', text: 'through both NATs', dash: [9, 4], width: 1.6, tone: 'good' },
  relayed: {
    title: 'relayed',
    text: 'through another node',
    dash: [2, 4],
    width: 1.8,
    tone: 'warning'
  }
}
