/** The signs of the dashboard: one weight, one grid of 16, the colour of the text beside them. */
import type { JSX } from 'preact'

const PATHS = {
  overview: 'M2 9.5h3l2-6 3 9 2-5h2',
  mesh: 'M3 4.5 8 2.5l5 3-1 6-5 2-4-3zM3 4.5l5 4 5-3M8 8.5l-1 5',
  workers: 'M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.1M5 11h.1M8 5h3M8 11h3',
  jobs: 'M6 3.5h8M6 8h8M6 12.5h8M2.5 3.5l.7.7 1.3-1.4M2.5 8l.7.7L4.5 7.3M2.5 12.5l.7.7 1.3-1.4',
  files: 'M3.5 1.5h6l3 3v10h-9zM9 1.5v3.5h3.5M6 8.5h4M6 11h4',
  pending: 'M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11',
  queued: 'M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11M8 5v3.2l2.2 1.3',
  running: 'M13.5 8A5.5 5.5 0 1 1 8 2.5M8 5.5v5M5.5 8h5',
  moving: 'M13.3 6.5A5.5 5.5 0 0 0 3 6M2.7 9.5A5.5 5.5 0 0 0 13 10M13.5 3v3.5H10M2.5 13V9.5H6',
  completed: 'M3 8.5 6.5 12 13 4.5',
  failed: 'M4 4l8 8M12 4l-8 8',
  stopped: 'M4 4h8v8H4z',
  held: 'M5.5 3.5v9M10.5 3.5v9',
  unknown: 'M5.5 6a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .8-1 1.5M8 12.5v.1',
  warning: 'M8 2 14.5 13.5h-13zM8 6.5v3M8 11.5v.1',
  info: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M8 7.5V11M8 5v.1',
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.5 10.5l3 3',
  copy: 'M5.5 5.5h8v8h-8zM3 10.5H2.5v-8h8V3',
  download: 'M8 2v8M4.5 7 8 10.5 11.5 7M2.5 13.5h11',
  back: 'M10 3.5 5.5 8l4.5 4.5',
  forward: 'M6 3.5 10.5 8 6 12.5',
  down: 'M3.5 6 8 10.5 12.5 6',
  up: 'M3.5 10 8 5.5l4.5 4.5',
  plus: 'M8 3v10M3 8h10',
  minus: 'M3 8h10',
  fit: 'M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10',
  folder: 'M1.5 3.5h5l1.5 2h6.5v8h-13z',
  pin: 'M9.5 1.5 14.5 6.5M10.5 2.5 6.5 6 3.5 6.5 9.5 12.5 10 9.5 13.5 5.5M6.5 9.5l-5 5',
  close: 'M4 4l8 8M12 4l-8 8',
  more: 'M3.5 8h.1M8 8h.1M12.5 8h.1',
  light:
    'M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6M8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M3.4 12.6l.7-.7M11.9 4.1l.7-.7',
  dark: 'M13 9.5A5.5 5.5 0 0 1 6.5 3 5.5 5.5 0 1 0 13 9.5',
  auto: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M8 2v12M8 5h4.5M8 8h5.8M8 11h4.5',
  keyboard: 'M1.5 4h13v8h-13zM4 6.5h.1M6.5 6.5h.1M9 6.5h.1M11.5 6.5h.1M5 9.5h6',
  leave: 'M6 2.5H3v11h3M9.5 5 12.5 8l-3 3M12.5 8H6',
  menu: 'M2.5 4.5h11M2.5 8h11M2.5 11.5h11',
  terminal: 'M2.5 4 6 7.5 2.5 11M7.5 12h6',
  replay: 'M3 8a5 5 0 1 0 1.6-3.7M3 2.5V5h2.5',
  play: 'M5 3.5 12 8l-7 4.5z',
  columns: 'M2.5 3h11v10h-11zM6 3v10M10 3v10',
  lock: 'M4 7.5h8v6H4zM5.5 7.5V5.5a2.5 2.5 0 0 1 5 0v2',
  link: 'M6.5 9.5l3-3M5 7.5 3.5 9a2.5 2.5 0 0 0 3.5 3.5L8.5 11M7.5 5 9 3.5A2.5 2.5 0 0 1 12.5 7L11 8.5'
} as const

export type IconName = keyof typeof PATHS

/** Always beside a word that says the same; it is not heard. */
export function Icon({ name }: { name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  )
}
