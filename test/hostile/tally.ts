/** Counts what one attack sent and what it got, under bounded names. */

export interface TallyCounts {
  steps: number
  sentBytes: number
  /** Error codes, closed streams and their like, by name. */
  got: Record<string, number>
}

const NAMES_MAX = 40

export class Tally {
  readonly counts: TallyCounts = { steps: 0, sentBytes: 0, got: {} }

  sent(bytes: number): void {
    this.counts.sentBytes += bytes
  }

  got(name: string): void {
    const { got } = this.counts
    const known = Object.hasOwn(got, name) || Object.keys(got).length < NAMES_MAX ? name : 'others'
    got[known] = (got[known] ?? 0) + 1
  }

  /** An error of libp2p's or of a socket's. */
  failed(cause: unknown): void {
    const { code, name } = cause as { code?: unknown; name?: unknown }
    this.got(typeof code === 'string' ? code : typeof name === 'string' ? name : 'error')
  }
}
