/** Each role has a shape of its own, so that nobody needs colours to tell them apart; the canvas and the legend share them. */
import type { MapNode } from '../../model/generated/api-map.ts'

export type Role = MapNode['role']

export interface Shape {
  /** An outline around (0, 0) that fits a circle of radius 1: corners, or 'circle'. */
  outline: readonly (readonly [number, number])[] | 'circle'
  /** Of the node on the map. */
  radius: number
  title: string
}

function polygon(corners: number, turned = 0): [number, number][] {
  return Array.from({ length: corners }, (_, index) => {
    const angle = (index / corners) * 2 * Math.PI - Math.PI / 2 + turned
    return [Math.cos(angle), Math.sin(angle)]
  })
}

export const SHAPES: Readonly<Record<Role, Shape>> = {
  router: { outline: polygon(4, Math.PI / 4), radius: 13, title: 'router' },
  bootstrap: { outline: polygon(4), radius: 12, title: 'bootstrap' },
  monitor: { outline: polygon(3), radius: 12, title: 'monitor' },
  worker: { outline: 'circle', radius: 8, title: 'worker' },
  share: { outline: polygon(6), radius: 9, title: 'share' },
  client: { outline: polygon(5), radius: 6, title: 'client' },
  unknown: { outline: 'circle', radius: 4, title: 'unknown' }
}

/** Draws the outline as a path, to be filled or stroked. */
export function traceShape(
  context: CanvasPath,
  { outline, radius }: Shape,
  { x, y }: { x: number; y: number },
  grow = 0
): void {
  const size = radius + grow
  if (outline === 'circle') {
    context.moveTo(x + size, y)
    context.arc(x, y, size, 0, 2 * Math.PI)
    return
  }
  for (const [index, [dx, dy]] of outline.entries()) {
    if (index === 0) context.moveTo(x + dx * size, y + dy * size)
    else context.lineTo(x + dx * size, y + dy * size)
  }
  context.closePath()
}

/** The same for an image in the page. */
export function shapePath({ outline }: Shape, size: number): string {
  if (outline === 'circle') {
    return `M${size},0A${size},${size} 0 1 1 ${-size},0A${size},${size} 0 1 1 ${size},0Z`
  }
  return `M${outline.map(([x, y]) => `${(x * size).toFixed(2)},${(y * size).toFixed(2)}`).join('L')}Z`
}
