/** The picture of the mesh in the page, with its buttons and its legend. */
import { useEffect, useRef } from 'preact/hooks'
import { Icon } from '../parts/icons.tsx'
import { LINK_STYLES } from './link-styles.ts'
import { Picture } from './picture.ts'
import { SHAPES, shapePath } from './shapes.ts'
import { systemClock } from '../../core/clock.ts'
import { themeVersion } from '../data/theme.ts'
import type { IconName } from '../parts/icons.tsx'
import type { JSX } from 'preact'
import type { LinkStyle, Path } from './link-styles.ts'
import type { MapView } from '../../model/generated/api-map.ts'
import type { Role } from './shapes.ts'

export interface CanvasProps {
  map: MapView
  /** PeerIds. */
  selected: string | undefined
  /** Of a search; undefined where none is made. */
  found: ReadonlySet<string> | undefined
  onSelect: (peer: string | undefined) => void
  onHover: (peer: string | undefined) => void
}

export function MeshCanvas({ found, map, onHover, onSelect, selected }: CanvasProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null)
  const picture = useRef<Picture | undefined>(undefined)
  const handlers = useRef({ onHover, onSelect })
  handlers.current = { onHover, onSelect }
  useEffect(() => {
    if (canvas.current === null) return
    const drawn = new Picture(canvas.current, {
      nowMs: () => systemClock.monotonicMs(),
      isStill: matchMedia('(prefers-reduced-motion: reduce)').matches,
      onHover: (node) => handlers.current.onHover(node?.id),
      onSelect: (node) => handlers.current.onSelect(node?.id)
    })
    picture.current = drawn
    return () => drawn.stop()
  }, [])
  useEffect(() => picture.current?.show(map), [map])
  useEffect(() => picture.current?.select(selected), [selected, map])
  useEffect(() => picture.current?.highlight(found), [found, map])
  const version = themeVersion.value
  useEffect(() => picture.current?.repaint(), [version])
  const text = `Map of ${map.nodes.length} nodes and ${map.links.length} links. The list of nodes tells the same.`
  return (
    <div class="mesh-picture">
      <div class="mesh-canvas">
        <canvas ref={canvas} role="img" aria-label={text} />
        <div class="mesh-buttons" role="group" aria-label="Picture">
          <Act icon="plus" text="Enlarge" onClick={() => picture.current?.enlarge('in')} />
          <Act icon="minus" text="Reduce" onClick={() => picture.current?.enlarge('out')} />
          <Act icon="fit" text="Show all" onClick={() => picture.current?.fit()} />
          <Act icon="replay" text="Lay out anew" onClick={() => picture.current?.free()} />
        </div>
      </div>
      <Legend map={map} />
    </div>
  )
}

function Act(props: { icon: IconName; text: string; onClick: () => void }): JSX.Element {
  const { icon, onClick, text } = props
  return (
    <button type="button" class="button icon-only" title={text} aria-label={text} onClick={onClick}>
      <Icon name={icon} />
    </button>
  )
}

/** Only what is on this map. */
function Legend({ map }: { map: MapView }): JSX.Element {
  const roles = new Set(map.nodes.map(({ role }) => role))
  const paths = new Set(map.links.map(({ path }) => path))
  return (
    <ul class="mesh-legend" aria-label="Legend">
      {(Object.keys(SHAPES) as Role[])
        .filter((role) => roles.has(role))
        .map((role) => (
          <li key={role}>
            <svg viewBox="-10 -10 20 20" width="16" height="16" aria-hidden="true">
              <path
                class={`shape ${role}`}
                d={shapePath(SHAPES[role], role === 'unknown' ? 4 : 7.5)}
              />
            </svg>
            {SHAPES[role].title}
          </li>
        ))}
      {(Object.entries(LINK_STYLES) as [Path, LinkStyle][])
        .filter(([path]) => paths.has(path))
        .map(([path, { dash, text, title, tone, width }]) => (
          <li key={path} title={text}>
            <svg viewBox="0 0 28 8" width="28" height="8" aria-hidden="true">
              <line
                class={`stroke ${tone}`}
                x1="1"
                y1="4"
                x2="27"
                y2="4"
                stroke-width={width}
                stroke-dasharray={dash.join(' ')}
              />
            </svg>
            {title}
          </li>
        ))}
    </ul>
  )
}
