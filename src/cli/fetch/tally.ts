/** What one command has fetched so far, over all its files: how far it is, who gave how much, who was dropped and why. */
import { RateMeter } from '../../files/transfer/rate-meter.ts'
import type { ByteAmounts } from '../byte-amounts.ts'
import type { Clock } from '../../core/clock.ts'
import type { Download, DownloadProgress } from '../../files/transfer/download.ts'
import type { PeerShare } from '../../files/transfer/shares.ts'

export interface TallySum extends ByteAmounts {
  /** Those that give just now. */
  peerCount: number
  /** Came in this run and was right. */
  fetchedBytes: number
  /** Was there from runs before. */
  resumedBytes: number
}

export class Tally {
  readonly #running = new Set<Download>()
  readonly #peers = new Map<string, PeerShare>()
  readonly #expected = new Set<string>()
  readonly #meter: RateMeter
  readonly #clock: Clock
  #meteredBytes = 0
  #endedBytes = 0
  #endedFetchedBytes = 0
  #keptBytes = 0
  /** Of all that is to come, as far as it is known. */
  #totalBytes: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
    this.#meter = new RateMeter(clock.monotonicMs())
  }

  /** So much is to come, as far as is known. */
  expect(fileId: string, bytes: number): void {
    if (this.#expected.has(fileId)) return
    this.#expected.add(fileId)
    this.#totalBytes = (this.#totalBytes ?? 0) + bytes
  }

  /** A whole file that an earlier run has left. */
  keep(fileId: string, bytes: number): void {
    this.expect(fileId, bytes)
    this.#keptBytes += bytes
  }

  /** Counts a download while it runs and what came of it. */
  async follow<T>(download: Download | undefined, end: Promise<T>): Promise<T> {
    if (download === undefined) return await end
    this.#running.add(download)
    download.plan.then(
      ({ sizeBytes }) => this.expect(download.fileId, sizeBytes),
      () => {}
    )
    try {
      return await end
    } finally {
      this.#running.delete(download)
      this.#close(download.progress())
    }
  }

  sum(): TallySum {
    const running = [...this.#running].map((download) => download.progress())
    const runningBytes = running.reduce((sum, { bytes }) => sum + bytes, 0)
    const fetchedBytes =
      this.#endedFetchedBytes + running.reduce((sum, progress) => sum + fetchedOf(progress), 0)
    const bytes = this.#keptBytes + this.#endedBytes + runningBytes
    this.#meter.add(fetchedBytes - this.#meteredBytes)
    this.#meteredBytes = fetchedBytes
    this.#meter.tick(this.#clock.monotonicMs())
    return {
      bytes,
      totalBytes: this.#totalBytes,
      bytesPerSecond: this.#meter.bytesPerSecond,
      peerCount: new Set(running.flatMap(({ peers }) => peers.filter(isGiving).map(nameOf))).size,
      fetchedBytes,
      resumedBytes: bytes - fetchedBytes
    }
  }

  /** Those who gave most come first. */
  peers(): PeerShare[] {
    const all = new Map(this.#peers)
    for (const download of this.#running) merge(all, download.progress().peers)
    return [...all.values()].toSorted(
      (left, right) => right.bytes - left.bytes || (left.peer < right.peer ? -1 : 1)
    )
  }

  #close(progress: DownloadProgress): void {
    this.#endedBytes += progress.bytes
    this.#endedFetchedBytes += fetchedOf(progress)
    merge(this.#peers, progress.peers)
  }
}

function fetchedOf({ peers }: DownloadProgress): number {
  return peers.reduce((sum, { bytes }) => sum + bytes, 0)
}

function merge(into: Map<string, PeerShare>, shares: readonly PeerShare[]): void {
  for (const share of shares) {
    const known = into.get(share.peer)
    into.set(share.peer, {
      ...known,
      ...share,
      bytes: share.bytes + (known?.bytes ?? 0),
      pieces: share.pieces + (known?.pieces ?? 0),
      wastedBytes: share.wastedBytes + (known?.wastedBytes ?? 0)
    })
  }
}

function isGiving({ state }: PeerShare): boolean {
  return state === 'connected'
}

function nameOf({ peer }: PeerShare): string {
  return peer
}
