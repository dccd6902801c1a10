/**
 * Where the nodes of the graph come to lie: d3's forces, a few milliseconds of them per frame, so that a mesh of thousands settles while
 * the page stays as quick as ever. What has settled is left in peace; a change warms it a little, a drag holds one node.
 */
import { forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY } from 'd3-force'
import type { ForceLink, ForceManyBody, Simulation } from 'd3-force'
import type { Graph, GraphLink, GraphNode } from './graph.ts'

/** Below it nothing moves visibly any more. */
const ALPHA_SETTLED = 0.012
/** What a change warms it by: newcomers find room, the others stay about where they are. */
const ALPHA_CHANGED = 0.25
/** A hundred ticks from the beginning: everybody begins on a spiral, and has not far to go. */
const ALPHA_DECAY = 0.042
/** Of a frame's sixteen: the rest is for drawing, and for the page. */
const FRAME_BUDGET_MS = 7
/** Without motion the layout is done at once, and this is as long as that may take. */
const AT_ONCE_MS = 400

const LINK_BASE = 44
/** Few nodes have room for their names between them. */
const FEW = 24
const FEW_LINK_BASE = 160
const FEW_CHARGE = -1_300
const CHARGE = -90
/** Leaves of a hub spread over a disk in place of a ring, which would be as wide as they are many. */
const LINK_SPREAD = 9

export class Layout {
  readonly #simulation: Simulation<GraphNode, GraphLink>
  readonly #link: ForceLink<GraphNode, GraphLink>
  readonly #charge: ForceManyBody<GraphNode>
  /** Milliseconds that only rise. */
  readonly #nowMs: () => number

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
    this.#link = forceLink<GraphNode, GraphLink>([])
    this.#charge = forceManyBody<GraphNode>().distanceMax(420).theta(1.1)
    this.#simulation = forceSimulation<GraphNode, GraphLink>([])
      .force('link', this.#link)
      .force('charge', this.#charge)
      .force('collide', forceCollide<GraphNode>(13))
      .force('x', forceX<GraphNode>(0).strength(0.035))
      .force('y', forceY<GraphNode>(0).strength(0.05))
      .alphaDecay(ALPHA_DECAY)
      .stop()
  }

  get isSettled(): boolean {
    return this.#simulation.alpha() < ALPHA_SETTLED && this.#simulation.alphaTarget() === 0
  }

  /** Takes the graph, and is warm where that has changed. */
  take({ links, nodes }: Graph, isSame: boolean): void {
    const isFirst = this.#simulation.nodes().length === 0
    if (isSame && !isFirst) return
    const isFew = nodes.length <= FEW
    this.#charge.strength(isFew ? FEW_CHARGE : CHARGE)
    this.#link.distance((link, index) => linkLength(link, index, isFew ? FEW_LINK_BASE : LINK_BASE))
    this.#simulation.nodes([...nodes])
    this.#link.links([...links])
    this.#simulation.alpha(isFirst ? 1 : Math.max(this.#simulation.alpha(), ALPHA_CHANGED))
  }

  /** A frame's share of the work. @returns whether anything moved */
  step(): boolean {
    return this.#work(FRAME_BUDGET_MS)
  }

  /** All of it, for those who want no motion. */
  settle(): void {
    this.#work(AT_ONCE_MS)
    if (!this.isSettled) this.#simulation.alpha(0)
  }

  /** Holds a node where the pointer is; the others give way, unless nothing is to move by itself. */
  hold(node: GraphNode, { x, y }: { x: number; y: number }, isStill: boolean): void {
    Object.assign(node, { x, y, fx: x, fy: y })
    if (isStill) return
    this.#simulation.alphaTarget(0.12)
    this.#simulation.alpha(Math.max(this.#simulation.alpha(), 0.12))
  }

  /** It stays where it was put; `free` lets it go again. */
  release(): void {
    this.#simulation.alphaTarget(0)
  }

  /** Lets go all that were put somewhere, and lays out anew. */
  free(): void {
    for (const node of this.#simulation.nodes()) {
      node.fx = null
      node.fy = null
    }
    this.#simulation.alpha(0.8)
  }

  #work(budgetMs: number): boolean {
    const untilMs = this.#nowMs() + budgetMs
    let hasMoved = false
    while (!this.isSettled && this.#nowMs() < untilMs) {
      this.#simulation.tick()
      hasMoved = true
    }
    return hasMoved
  }
}

function linkLength({ source, target }: GraphLink, index: number, base: number): number {
  const hub = Math.max(source.degree, target.degree)
  const leaf = Math.min(source.degree, target.degree)
  // Of two hubs the leaves need room on both sides.
  const room = leaf > 6 ? Math.sqrt(leaf) * LINK_SPREAD : 0
  return base + room + LINK_SPREAD * Math.sqrt(index % Math.max(1, hub))
}
