/**
 * The canvas with the mesh on it: what the pointer does there, how the picture is moved and enlarged, and when it is drawn: once per frame
 * at most, and not at all while nothing changes.
 */
import { select } from 'd3-selection'
import { zoom, zoomIdentity } from 'd3-zoom'
import { EMPTY_GRAPH, boundsOf, updateGraph } from './graph.ts'
import { SHAPES } from './shapes.ts'
import { Layout } from './layout.ts'
import { drawScene, labelReach } from './draw.ts'
import { readPalette } from './palette.ts'
import type { Selection } from 'd3-selection'
import type { ZoomBehavior, ZoomTransform } from 'd3-zoom'
import type { Attention, Palette } from './draw.ts'
import type { Graph, GraphNode } from './graph.ts'
import type { MapView } from '../../model/generated/api-map.ts'

export interface PictureInit {
  /** Milliseconds that only rise. */
  nowMs: () => number
  /** For those who want no motion, everything is where it belongs at once. */
  isStill: boolean
  /** Somebody pointed at a node, or away from all. */
  onHover: (node: GraphNode | undefined) => void
  onSelect: (node: GraphNode | undefined) => void
}

const ZOOM_MIN = 0.06
const ZOOM_MAX = 6
const ZOOM_STEP = 1.35
/** What remains around the graph when all of it is shown. */
const FIT_MARGIN = 48
/** Of the width, for names at either side: on a phone the graph comes first. */
const LABEL_SHARE_MAX = 0.1
/** A mesh of three is not blown up to fill the window. */
const FIT_ZOOM_MAX = 1.9
/** Pixels around a node's shape that count as the node: a finger is wide. */
const REACH = 6
/** Until the pointer moved that far it means the node, not to drag it. */
const DRAG_MIN = 4

export class Picture {
  readonly #canvas: HTMLCanvasElement
  readonly #context: CanvasRenderingContext2D
  readonly #init: PictureInit
  readonly #layout: Layout
  readonly #zoom: ZoomBehavior<HTMLCanvasElement, unknown>
  readonly #selection: Selection<HTMLCanvasElement, unknown, null, undefined>
  readonly #ended = new AbortController()
  #graph: Graph = EMPTY_GRAPH
  #attention: Attention = { selected: undefined, hovered: undefined, found: undefined }
  #palette: Palette
  #transform: ZoomTransform = zoomIdentity
  #width = 0
  #height = 0
  #frame: number | undefined
  /** Until somebody moves the picture, it shows all there is. */
  #isFollowing = true
  /** The pointer is down since there: on a node, or on none. */
  #press: { node: GraphNode | undefined; x: number; y: number; isDrag: boolean } | undefined

  constructor(canvas: HTMLCanvasElement, init: PictureInit) {
    this.#canvas = canvas
    this.#context = canvas.getContext('2d') as CanvasRenderingContext2D
    this.#init = init
    this.#layout = new Layout(init.nowMs)
    this.#palette = readPalette()
    this.#selection = select(canvas)
    this.#zoom = zoom<HTMLCanvasElement, unknown>()
      .scaleExtent([ZOOM_MIN, ZOOM_MAX])
      .filter((event: MouseEvent) => !event.button && this.#press?.node === undefined)
      .on('zoom', ({ sourceEvent, transform }) => {
        this.#transform = transform as ZoomTransform
        // What the program itself does has no event behind it, and is drawn by whoever does it.
        if (sourceEvent === null) return
        this.#isFollowing = false
        this.#ask()
      })
    this.#listen()
    this.#selection.call(this.#zoom).on('dblclick.zoom', null)
  }

  /** The map as it is now. */
  show(map: MapView): void {
    const { graph, isSame } = updateGraph(this.#graph, map)
    this.#graph = graph
    this.#layout.take(graph, isSame)
    if (this.#init.isStill) this.#layout.settle()
    this.#forgetGone()
    this.#ask()
  }

  /** Rings a node, and brings it into the picture where it is outside. */
  select(peer: string | undefined): void {
    const selected = peer === undefined ? undefined : this.#graph.byId.get(peer)
    if (selected === this.#attention.selected) return
    this.#attend({ selected })
    if (selected === undefined || this.#isFollowing) return
    if (!this.#isInside(selected)) this.#centre(selected)
  }

  /** Fades all others; undefined fades nobody. */
  highlight(peers: ReadonlySet<string> | undefined): void {
    const found = peers && new Set(this.#graph.nodes.filter(({ id }) => peers.has(id)))
    this.#attend({ found })
  }

  /** Shows all there is, now and as it grows. */
  fit(): void {
    this.#isFollowing = true
    this.#ask()
  }

  /** @param factor above 1 enlarges */
  enlarge(factor: 'in' | 'out'): void {
    this.#isFollowing = false
    this.#zoom.scaleBy(this.#selection, factor === 'in' ? ZOOM_STEP : 1 / ZOOM_STEP)
    this.#ask()
  }

  /** Lets go all nodes that were put somewhere, and lays out anew. */
  free(): void {
    this.#layout.free()
    if (this.#init.isStill) this.#layout.settle()
    this.fit()
  }

  /** The theme is another. */
  repaint(): void {
    this.#palette = readPalette()
    this.#ask()
  }

  stop(): void {
    this.#ended.abort()
    this.#selection.on('.zoom', null)
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame)
  }

  #attend(attention: Partial<Attention>): void {
    this.#attention = { ...this.#attention, ...attention }
    this.#ask()
  }

  #forgetGone(): void {
    const { hovered, selected } = this.#attention
    if (hovered !== undefined && !this.#graph.byId.has(hovered.id)) this.#hover(undefined)
    if (selected !== undefined && !this.#graph.byId.has(selected.id)) this.select(undefined)
  }

  #isInside({ x, y }: GraphNode): boolean {
    const [left, top] = this.#transform.apply([x, y])
    return left > 0 && top > 0 && left < this.#width && top < this.#height
  }

  #centre({ x, y }: GraphNode): void {
    this.#isFollowing = false
    const k = Math.max(1, this.#transform.k)
    this.#zoom.transform(
      this.#selection,
      zoomIdentity.translate(this.#width / 2 - x * k, this.#height / 2 - y * k).scale(k)
    )
    this.#ask()
  }

  #hover(node: GraphNode | undefined): void {
    if (node === this.#attention.hovered) return
    this.#attend({ hovered: node })
    this.#init.onHover(node)
  }

  #ask(): void {
    if (this.#ended.signal.aborted) return
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined
      const isMoving = this.#layout.step()
      if (this.#isFollowing) this.#fitNow()
      this.#draw()
      if (isMoving) this.#ask()
    })
  }

  #draw(): void {
    const { k, x, y } = this.#transform
    drawScene(this.#context, {
      graph: this.#graph,
      view: { k, dx: x, dy: y, width: this.#width, height: this.#height },
      attention: this.#attention,
      palette: this.#palette
    })
  }

  #fitNow(): void {
    const bounds = boundsOf(this.#graph.nodes)
    if (bounds === undefined || this.#width === 0) return
    const { bottom, left, right, top } = bounds
    const reach = Math.min(labelReach(this.#graph), this.#width * LABEL_SHARE_MAX)
    const k = Math.min(
      FIT_ZOOM_MAX,
      (this.#width - 2 * (FIT_MARGIN + reach)) / Math.max(1, right - left),
      (this.#height - 2 * FIT_MARGIN) / Math.max(1, bottom - top)
    )
    const scale = Math.max(ZOOM_MIN, k)
    const middle = { x: ((left + right) / 2) * scale, y: ((top + bottom) / 2) * scale }
    this.#zoom.transform(
      this.#selection,
      zoomIdentity.translate(this.#width / 2 - middle.x, this.#height / 2 - middle.y).scale(scale)
    )
  }

  #listen(): void {
    const { signal } = this.#ended
    const observer = new ResizeObserver(() => this.#resize())
    observer.observe(this.#canvas)
    signal.addEventListener('abort', () => observer.disconnect())
    // Before d3's own listeners, so that a drag of a node is none of the picture.
    this.#canvas.addEventListener('pointerdown', (event) => this.#onDown(event), { signal })
    this.#canvas.addEventListener('pointermove', (event) => this.#onMove(event), { signal })
    this.#canvas.addEventListener('pointerup', () => this.#onUp(), { signal })
    this.#canvas.addEventListener('pointercancel', () => this.#letGo(), { signal })
    this.#canvas.addEventListener('pointerleave', () => this.#hover(undefined), { signal })
  }

  #resize(): void {
    const { clientHeight, clientWidth } = this.#canvas
    const density = devicePixelRatio
    this.#width = clientWidth
    this.#height = clientHeight
    this.#canvas.width = Math.round(clientWidth * density)
    this.#canvas.height = Math.round(clientHeight * density)
    this.#context.setTransform(density, 0, 0, density, 0, 0)
    this.#ask()
  }

  /** The topmost node at a place of the canvas. A thousand distances take some ten microseconds. */
  #nodeAt({ offsetX, offsetY }: PointerEvent): GraphNode | undefined {
    const [x, y] = this.#transform.invert([offsetX, offsetY])
    let nearest: GraphNode | undefined
    let least = Infinity
    for (const node of this.#graph.nodes) {
      const distance = Math.hypot(node.x - x, node.y - y)
      const reach = SHAPES[node.data.role].radius + REACH / this.#transform.k
      if (distance > reach || distance >= least) continue
      nearest = node
      least = distance
    }
    return nearest
  }

  #onDown(event: PointerEvent): void {
    if (event.button !== 0) return
    const node = this.#nodeAt(event)
    this.#press = { node, x: event.offsetX, y: event.offsetY, isDrag: false }
    if (node !== undefined) this.#canvas.setPointerCapture(event.pointerId)
  }

  #onMove(event: PointerEvent): void {
    const press = this.#press
    if (press === undefined) {
      const node = this.#nodeAt(event)
      this.#canvas.style.cursor = node === undefined ? 'grab' : 'pointer'
      this.#hover(node)
      return
    }
    press.isDrag ||= Math.hypot(event.offsetX - press.x, event.offsetY - press.y) > DRAG_MIN
    if (!press.isDrag || press.node === undefined) return
    this.#isFollowing = false
    const [x, y] = this.#transform.invert([event.offsetX, event.offsetY])
    this.#layout.hold(press.node, { x, y }, this.#init.isStill)
    this.#ask()
  }

  #onUp(): void {
    const press = this.#press
    if (press !== undefined && !press.isDrag) this.#init.onSelect(press.node)
    this.#letGo()
  }

  #letGo(): void {
    this.#press = undefined
    this.#layout.release()
    this.#ask()
  }
}
