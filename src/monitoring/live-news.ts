/**
 * What changed, as one message of the live stream. News are marks, not copies: which workers, which parts of the whole.
 * So those of several seconds are put together without growing, and what is sent is always the latest. Pure.
 */

/** The latest of everything, as JSON text. */
export interface LiveTexts {
  /** Without its closing brace: what a reader may do is written behind it. */
  overview: string | undefined
  sample: string | undefined
  map: string | undefined
  transfers: string | undefined
  nodes: ReadonlyMap<string, string>
}

type Part = 'map' | 'overview' | 'sample' | 'transfers'

/** Of one message. */
export const LIVE_JOBS_MAX = 200
/** Some half a megabyte; the others come with the next one. */
const NODES_MAX = 400

const ORDER: readonly Part[] = ['sample', 'map', 'transfers']

export class LiveNews {
  isFirst = false
  readonly #parts = new Set<Part>()
  /** Changed last comes last. */
  readonly #nodes = new Set<string>()
  readonly #gone = new Set<string>()
  /** By id, as JSON text. */
  readonly #jobs = new Map<string, string>()
  #jobsMissed = 0

  get isEmpty(): boolean {
    const count = this.#parts.size + this.#nodes.size + this.#gone.size + this.#jobs.size
    return count === 0 && this.#jobsMissed === 0 && !this.isFirst
  }

  mark(part: Part): void {
    this.#parts.add(part)
  }

  node(peer: string): void {
    this.#gone.delete(peer)
    this.#nodes.add(peer)
  }

  gone(peer: string): void {
    this.#nodes.delete(peer)
    this.#gone.add(peer)
  }

  job(id: string, text: string): void {
    this.#jobs.delete(id)
    this.#jobs.set(id, text)
    if (this.#jobs.size <= LIVE_JOBS_MAX) return
    const [oldest = ''] = this.#jobs.keys()
    this.#jobs.delete(oldest)
    this.#jobsMissed += 1
  }

  missed(count: number): void {
    this.#jobsMissed += count
  }

  /** Puts later news behind these. */
  add(later: LiveNews): void {
    for (const part of later.#parts) this.#parts.add(part)
    for (const peer of later.#nodes) this.node(peer)
    for (const peer of later.#gone) this.gone(peer)
    for (const [id, text] of later.#jobs) this.job(id, text)
    this.#jobsMissed += later.#jobsMissed
    this.isFirst ||= later.isFirst
  }

  /** Takes one message's worth out of it. @param scope what its reader may do */
  take(texts: LiveTexts, scope: string): string {
    const fields: string[] = []
    if (this.isFirst) fields.push('"is_first":true')
    if (this.#parts.has('overview') && texts.overview !== undefined)
      fields.push(`"overview":${texts.overview},"scope":${JSON.stringify(scope)}}`)
    for (const part of ORDER) {
      const text = this.#parts.has(part) ? texts[part] : undefined
      if (text !== undefined) fields.push(`"${part}":${text}`)
    }
    const nodes = this.#takeNodes(texts)
    if (nodes.length > 0) fields.push(`"nodes":[${nodes.join(',')}]`)
    if (this.#gone.size > 0) fields.push(`"nodes_gone":${JSON.stringify([...this.#gone])}`)
    if (this.#jobs.size > 0) fields.push(`"jobs":[${[...this.#jobs.values()].join(',')}]`)
    if (this.#jobsMissed > 0) fields.push(`"jobs_missed":${this.#jobsMissed}`)
    this.#parts.clear()
    this.#gone.clear()
    this.#jobs.clear()
    this.#jobsMissed = 0
    this.isFirst = false
    return `{${fields.join(',')}}`
  }

  #takeNodes({ nodes }: LiveTexts): string[] {
    const taken: string[] = []
    for (const peer of this.#nodes) {
      if (taken.length >= NODES_MAX) break
      this.#nodes.delete(peer)
      const text = nodes.get(peer)
      if (text !== undefined) taken.push(text)
    }
    return taken
  }
}
