/**
 * One picture of the graph on a canvas. What is small is drawn simply, what is outside not at all, and all nodes or links that look alike
 * are one stroke: a thousand nodes take a millisecond or two.
 */
import { LINK_STYLES } from './link-styles.ts'
import { SHAPES, traceShape } from './shapes.ts'
import type { Graph, GraphLink, GraphNode } from './graph.ts'
import type { LinkStyle, Path } from './link-styles.ts'
import type { Role } from './shapes.ts'

/** The design's colours, as the canvas needs them. */
export interface Palette {
  text: string
  muted: string
  surface: string
  accent: string
  good: string
  warning: string
  bad: string
  idle: string
  font: string
}

/** Where the graph lies on the canvas: `x * k + dx`. */
export interface View {
  k: number
  dx: number
  dy: number
  width: number
  height: number
}

/** What the person looks at. */
export interface Attention {
  selected: GraphNode | undefined
  hovered: GraphNode | undefined
  /** Of a search; undefined where none is made, so that nobody is faded. */
  found: ReadonlySet<GraphNode> | undefined
}

export interface Scene {
  graph: Graph
  view: View
  attention: Attention
  palette: Palette
}

/** Below this zoom workers have no labels, unless they are few. */
const LABEL_ZOOM = 0.85
/** So few that all have labels whatever the zoom. */
const LABELS_ALWAYS = 24
/**
 * So many links have their own widths and dashes whatever the zoom. More are hairs from afar: without a GPU two thousand of them take 3 ms
 * where strokes that are wider than a point of the screen take 50.
 */
const STROKES_MAX = 600
const LABEL_PX = 12
/** Half of what a letter is wide, for a guess. */
const LETTER_HALF_PX = 4
const FADED = 0.16
/** Graph units outside the picture within which something may still reach into it. */
const MARGIN = 60

export function drawScene(context: CanvasRenderingContext2D, scene: Scene): void {
  const { dx, dy, height, k, width } = scene.view
  context.clearRect(0, 0, width, height)
  context.save()
  context.translate(dx, dy)
  context.scale(k, k)
  const near = neighbourhood(scene)
  drawLinks(context, scene, near)
  drawNodes(context, scene, near)
  drawLabels(context, scene, near)
  context.restore()
}

/** Pixels that names reach beyond their nodes, where all have one. */
export function labelReach({ nodes }: Graph): number {
  if (nodes.length > LABELS_ALWAYS) return 0
  return nodes.reduce((most, { label }) => Math.max(most, label.length * LETTER_HALF_PX), 0)
}

/** Whom the person looks at with all that is linked to it; undefined where nobody. */
function neighbourhood({ attention, graph }: Scene): ReadonlySet<GraphNode> | undefined {
  const centre = attention.hovered ?? attention.selected
  if (centre === undefined) return attention.found
  const near = new Set([centre])
  for (const { relay, source, target } of graph.links) {
    if (source !== centre && target !== centre && relay !== centre) continue
    near.add(source).add(target)
    if (relay !== undefined) near.add(relay)
  }
  return near
}

function isInView({ dx, dy, height, k, width }: View, { x, y }: GraphNode): boolean {
  const left = x * k + dx
  const top = y * k + dy
  return left > -MARGIN && top > -MARGIN && left < width + MARGIN && top < height + MARGIN
}

function drawLinks(
  context: CanvasRenderingContext2D,
  { attention, graph, palette, view }: Scene,
  near: ReadonlySet<GraphNode> | undefined
): void {
  const centre = attention.hovered ?? attention.selected
  const isNear = ({ relay, source, target }: GraphLink): boolean =>
    near === undefined ||
    (centre === undefined
      ? near.has(source) && near.has(target)
      : source === centre || target === centre || relay === centre)
  // Of many links each is a breath.
  const density = Math.min(1, Math.max(0.12, 8 / Math.sqrt(graph.links.length + 1)))
  // What a unit of the graph is in points of the screen.
  const scale = context.getTransform().a
  const isCrowded = graph.links.length > STROKES_MAX && view.k < LABEL_ZOOM
  for (const [path, style] of Object.entries(LINK_STYLES) as [Path, LinkStyle][]) {
    const links = graph.links.filter(
      ({ data, source, target }) =>
        data.path === path && (isInView(view, source) || isInView(view, target))
    )
    for (const isBright of [false, true]) {
      const drawn = links.filter((link) => isNear(link) === isBright)
      // Of so many, so small, nobody tells one stroke from another: colours do. The few that somebody points at are seen.
      const isPointedAt = isBright && near !== undefined && drawn.length <= STROKES_MAX
      const isHair = isCrowded && !isPointedAt
      context.beginPath()
      for (const link of drawn) traceLink(context, link)
      context.globalAlpha = isBright ? (near === undefined ? density : 0.95) : FADED * density
      context.strokeStyle = linkColour(palette, style)
      // Strokes keep their width while the picture grows, up to a point.
      context.lineWidth = isHair ? 1 / scale : style.width / Math.sqrt(view.k)
      context.setLineDash(isHair ? [] : style.dash.map((length) => length / Math.sqrt(view.k)))
      context.stroke()
    }
  }
  context.setLineDash([])
  context.globalAlpha = 1
}

/** A relayed link goes through its relay, bent beside the links that end there. */
function traceLink(context: CanvasRenderingContext2D, { relay, source, target }: GraphLink): void {
  context.moveTo(source.x, source.y)
  if (relay === undefined || relay === source || relay === target) {
    context.lineTo(target.x, target.y)
    return
  }
  bend(context, source, relay)
  bend(context, relay, target)
}

const BEND = 0.12

function bend(context: CanvasRenderingContext2D, from: GraphNode, to: GraphNode): void {
  const middleX = (from.x + to.x) / 2 - (to.y - from.y) * BEND
  const middleY = (from.y + to.y) / 2 + (to.x - from.x) * BEND
  context.quadraticCurveTo(middleX, middleY, to.x, to.y)
}

function linkColour(palette: Palette, { tone }: LinkStyle): string {
  return {
    quiet: palette.idle,
    plain: palette.muted,
    good: palette.good,
    warning: palette.warning
  }[tone]
}

const STATE_TONES: Readonly<Record<string, keyof Palette>> = {
  ready: 'good',
  cordoned: 'warning',
  draining: 'warning',
  stopping: 'warning',
  connecting: 'idle',
  unreachable: 'bad'
}

function nodeColour(palette: Palette, { data }: GraphNode): string {
  if (data.state !== undefined) return palette[STATE_TONES[data.state] ?? 'idle']
  // Of a monitor's map, which knows who works, and not how.
  if (data.role === 'worker') return palette.good
  return data.role === 'unknown' || data.role === 'client' ? palette.idle : palette.accent
}

/** A shape is drawn once for each colour and size, and stamped from then on: a thousand outlines take ten times as long. */
function drawNodes(
  context: CanvasRenderingContext2D,
  { attention, graph, palette, view }: Scene,
  near: ReadonlySet<GraphNode> | undefined
): void {
  // What a unit of the graph is in points of the canvas, whatever the screen's density.
  const scale = context.getTransform().a
  const stamps = new Map<string, OffscreenCanvas>()
  for (const node of graph.nodes) {
    if (!isInView(view, node)) continue
    const colour = nodeColour(palette, node)
    const key = `${node.data.role} ${colour}`
    const stamp =
      stamps.get(key) ?? stampOf(node.data.role, { colour, edge: palette.surface, scale })
    stamps.set(key, stamp)
    const half = stamp.width / scale / 2
    context.globalAlpha = near === undefined || near.has(node) ? 1 : FADED
    context.drawImage(stamp, node.x - half, node.y - half, 2 * half, 2 * half)
  }
  context.globalAlpha = 1
  for (const node of graph.nodes) {
    if (node.data.is_self === true) ring(context, node, palette.text, 1)
  }
  if (attention.selected !== undefined) ring(context, attention.selected, palette.accent, 2.5)
  if (attention.hovered !== undefined) ring(context, attention.hovered, palette.accent, 1.5)
}

interface StampLook {
  colour: string
  edge: string
  scale: number
}

function stampOf(role: Role, { colour, edge, scale }: StampLook): OffscreenCanvas {
  const shape = SHAPES[role]
  const size = Math.max(2, 2 * Math.ceil((shape.radius + 1.5) * scale))
  const stamp = new OffscreenCanvas(size, size)
  const context = stamp.getContext('2d') as OffscreenCanvasRenderingContext2D
  context.translate(size / 2, size / 2)
  context.scale(scale, scale)
  context.beginPath()
  traceShape(context, shape, { x: 0, y: 0 })
  context.fillStyle = colour
  context.fill()
  context.lineWidth = 1.5
  context.strokeStyle = edge
  context.stroke()
  return stamp
}

function ring(
  context: CanvasRenderingContext2D,
  node: GraphNode,
  colour: string,
  width: number
): void {
  context.beginPath()
  traceShape(context, SHAPES[node.data.role], node, 4)
  context.strokeStyle = colour
  context.lineWidth = width
  context.stroke()
}

/** Routers and bootstraps meet in the middle of a mesh: the names of the latter stand above them. */
function labelTop({ data, y }: GraphNode, size: number): number {
  const { radius } = SHAPES[data.role]
  return data.role === 'bootstrap' ? y - radius - 6 - size : y + radius + 6
}

function drawLabels(
  context: CanvasRenderingContext2D,
  { attention, graph, palette, view }: Scene,
  near: ReadonlySet<GraphNode> | undefined
): void {
  // As large as the page's text, whatever the zoom.
  const size = LABEL_PX / Math.min(view.k, 1.6)
  context.font = `${size}px ${palette.font}`
  context.textAlign = 'center'
  context.textBaseline = 'top'
  context.lineJoin = 'round'
  context.lineWidth = 3
  context.strokeStyle = palette.surface
  const hasAll = view.k >= LABEL_ZOOM || graph.nodes.length <= LABELS_ALWAYS
  for (const node of graph.nodes) {
    const isNear = near?.has(node) === true
    const isLooked = node === attention.hovered || node === attention.selected
    const isHub = node.data.role !== 'worker' && node.data.role !== 'client'
    const isWanted =
      isLooked || (near === undefined ? hasAll || isHub : isNear && (hasAll || isHub))
    if (!isWanted || !isInView(view, node)) continue
    const top = labelTop(node, size)
    context.strokeText(node.label, node.x, top)
    context.fillStyle = isLooked || isHub ? palette.text : palette.muted
    context.fillText(node.label, node.x, top)
  }
}
