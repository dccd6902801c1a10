/**
 * The peers of one download at work: as many as may be, each kept busy, each piece checked as it comes. Who
 * lies is never asked again, who stalls makes room for others, and the last pieces are asked of several.
 */
import { LIMITS } from '../../core/limits.ts'
import { MeshError, messageOf } from '../../core/errors.ts'
import { deferred, sleep } from '../../core/abort.ts'
import { pieceSpan } from '../content/piece-plan.ts'
import { PieceBuffers } from './piece-buffers.ts'
import { SourcePeer } from './source-peer.ts'
import type { CancelTimer, Clock } from '../../core/clock.ts'
import type { Candidates } from './candidates.ts'
import type { PartFile } from '../store/part-file.ts'
import type { PieceClient } from '../exchange/piece-client.ts'
import type { PiecePicker } from './piece-picker.ts'
import type { RateLimit } from '../exchange/rate-limit.ts'
import type { Shares } from './shares.ts'
import type { Loss, SourceComponents } from './source-peer.ts'

export interface SwarmComponents {
  clock: Clock
  client: PieceClient
  candidates: Candidates
  part: PartFile
  picker: PiecePicker
  limit: RateLimit
  shares: Shares
  hasWaitingCalls: (peer: string) => boolean
  onMisbehaviour: (peer: string, reason: string) => void
  onVerified: (piece: number, bytes: number) => void
}

export interface SwarmInit {
  peersMax: number
  stallMs: number
  sourceTimeoutMs: number
  isInOrder: boolean
}

const TICK_MS = 500
/** A peer is compared with others after this time, when more want to take its place. */
const TRIAL_MS = 15_000
/** A relay's death is noticed at once, as a rule, and another way is there in about a second. */
const REOPEN_MS = 250
const REOPEN_MS_MAX = 2_000

export class Swarm {
  readonly #components: SwarmComponents
  readonly #init: SwarmInit
  readonly #buffers: PieceBuffers
  readonly #sources = new Map<string, SourcePeer>()
  readonly #connecting = new Set<string>()
  /** Pieces that are being checked and written. */
  readonly #landing = new Map<number, Promise<void>>()
  readonly #done = deferred<void>()
  /** When there was last somebody who has something that is missing. */
  #hopeAtMs: number
  /** Why a peer was lost last. */
  #lastLoss = 'nobody is known to have it'
  #cancelLimited: CancelTimer | undefined
  readonly #controller = new AbortController()
  #isEnded = false

  constructor(components: SwarmComponents, init: SwarmInit) {
    this.#components = components
    this.#init = init
    this.#buffers = new PieceBuffers(components.part.manifest.plan.pieceBytes)
    this.#hopeAtMs = components.clock.monotonicMs()
    this.#done.promise.catch(() => {})
  }

  /**
   * Until every piece is there.
   * @throws MeshError FILE_UNAVAILABLE, STORE_FULL, STORE_FAILED, or the signal's reason
   */
  async run(signal: AbortSignal): Promise<void> {
    const onAbort = (): void => this.#finish(() => this.#done.reject(signal.reason))
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    const cancelTick = this.#components.clock.every(TICK_MS, () => this.#onTick())
    try {
      this.#endIfComplete()
      this.connect()
      await this.#done.promise
    } finally {
      signal.removeEventListener('abort', onAbort)
      cancelTick()
      this.#cancelLimited?.()
      await Promise.allSettled(this.#landing.values())
    }
  }

  /** Takes further peers in, as far as there is room; to be called when there are new ones. */
  connect(): void {
    const { candidates } = this.#components
    while (!this.#isEnded && this.#sources.size + this.#connecting.size < this.#init.peersMax) {
      const peer = candidates.take()
      if (peer === undefined) return
      void this.#connect(peer)
    }
  }

  /** A peer has said that it no longer has the file, or is gone. */
  remove(peer: string): void {
    this.#components.candidates.remove(peer)
    this.#drop(peer, 'it has vanished', 'useless')
  }

  /** Never rejects. */
  async #connect(peer: string): Promise<void> {
    const { candidates, client, part, shares } = this.#components
    this.#connecting.add(peer)
    try {
      const stream = await client.open(peer)
      if (this.#isEnded) return
      shares.note(peer, { state: 'connected' })
      const source: SourcePeer = new SourcePeer(
        stream,
        part.manifest.id,
        this.#sourceComponents(),
        {
          onPiece: (piece, buffer) => this.#onPiece(peer, piece, buffer),
          onBytes: (bytes) => shares.addBytes(peer, bytes),
          onWasted: (bytes) => shares.addWasted(peer, bytes),
          onFreed: () => this.#fillAll(),
          onLimited: () => this.#onLimited(),
          onCutOff: (why) => void this.#reopen(source, why),
          onLost: (why, kind) => this.#onLost(source, why, kind)
        }
      )
      this.#sources.set(peer, source)
      source.fill()
    } catch (cause) {
      this.#lastLoss = messageOf(cause)
      shares.note(peer, { state: 'unreachable', reason: this.#lastLoss })
      candidates.leave(peer, 'away')
    } finally {
      this.#connecting.delete(peer)
    }
  }

  /** Another way to a peer that is cut off, for as long as it is waited for. Never rejects. */
  async #reopen(source: SourcePeer, why: string): Promise<void> {
    const { client, clock, shares } = this.#components
    const { peer } = source
    const isWanted = (): boolean => this.#sources.get(peer) === source
    this.#lastLoss = `${peer}: ${why}`
    for (let delayMs = REOPEN_MS; ; delayMs = Math.min(2 * delayMs, REOPEN_MS_MAX)) {
      shares.note(peer, { state: 'unreachable', reason: why })
      try {
        // oxlint-disable-next-line no-await-in-loop -- one try after the other
        await sleep(clock, delayMs, this.#controller)
        // oxlint-disable-next-line no-await-in-loop
        const stream = await client.open(peer)
        if (!isWanted()) return
        shares.note(peer, { state: 'connected' })
        return source.moveTo(stream)
      } catch (cause) {
        if (!isWanted()) return
        const { code, message } = MeshError.from(cause)
        // Its program is not running.
        if (code === 'PEER_GONE') return this.#onLost(source, message, 'away')
      }
    }
  }

  #sourceComponents(): SourceComponents {
    const { clock, hasWaitingCalls, limit, part, picker } = this.#components
    const { plan } = part.manifest
    return { clock, plan, picker, limit, hasWaitingCalls, buffers: this.#buffers }
  }

  #onPiece(peer: string, piece: number, buffer: Uint8Array): void {
    const { part, picker, shares } = this.#components
    const { bytes } = pieceSpan(part.manifest.plan, piece)
    if (this.#isEnded || this.#landing.has(piece) || picker.verified.has(piece)) {
      shares.addWasted(peer, bytes)
      this.#buffers.give(buffer)
      return picker.giveUp(peer, piece)
    }
    const landing = this.#land(peer, piece, buffer.subarray(0, bytes)).finally(() => {
      this.#landing.delete(piece)
      this.#buffers.give(buffer)
      if (!this.#isEnded) this.#fillAll()
    })
    this.#landing.set(piece, landing)
  }

  /** Never rejects. */
  async #land(peer: string, piece: number, bytes: Uint8Array): Promise<void> {
    const { candidates, onVerified, part, picker, shares } = this.#components
    try {
      await part.write(piece, bytes)
    } catch (cause) {
      if (MeshError.from(cause).code !== 'PIECE_INVALID') {
        return this.#finish(() => this.#done.reject(cause))
      }
      shares.addWasted(peer, bytes.byteLength)
      return this.#drop(peer, `it gave a wrong piece ${piece}`, 'misbehaved')
    }
    candidates.noteProven(peer)
    shares.addPiece(peer, bytes.byteLength)
    for (const other of picker.verify(piece, peer)) this.#sources.get(other)?.cancel(piece)
    onVerified(piece, bytes.byteLength)
    this.#endIfComplete()
  }

  #onLost(source: SourcePeer, why: string, kind: Loss): void {
    if (this.#sources.get(source.peer) === source) this.#drop(source.peer, why, kind)
  }

  #drop(peer: string, why: string, kind: Loss): void {
    const source = this.#sources.get(peer)
    if (source === undefined) return
    const { candidates, onMisbehaviour, shares } = this.#components
    this.#lastLoss = `${peer}: ${why}`
    this.#sources.delete(peer)
    source.close()
    shares.note(peer, { state: kind === 'misbehaved' ? 'banned' : 'dropped', reason: why })
    if (kind === 'misbehaved') {
      candidates.ban(peer)
      onMisbehaviour(peer, why)
    } else candidates.leave(peer, kind === 'away' ? 'away' : 'failed')
    this.connect()
    this.#fillAll()
  }

  #fillAll(): void {
    for (const source of this.#sources.values()) source.fill()
  }

  /** All go on when something may be asked again, each time another first. */
  #onLimited(): void {
    const { clock, limit } = this.#components
    this.#cancelLimited ??= clock.after(Math.max(1, limit.waitMs), () => {
      this.#cancelLimited = undefined
      const [first] = this.#sources
      if (first !== undefined) {
        this.#sources.delete(first[0])
        this.#sources.set(...first)
      }
      this.#fillAll()
    })
  }

  #onTick(): void {
    const { clock, picker, shares } = this.#components
    const nowMs = clock.monotonicMs()
    shares.tick(nowMs)
    const { isInOrder, sourceTimeoutMs, stallMs } = this.#init
    const rates = [...this.#sources.values()].map(({ pace }) => pace.bytesPerSecond ?? 0)
    const most = Math.max(0, ...rates)
    const fastest = isInOrder && most > 0 ? most : undefined
    for (const source of this.#sources.values()) source.check(nowMs, { fastest, stallMs })
    this.#makeRoom(nowMs)
    this.connect()
    this.#fillAll()
    const hasHope = [...this.#sources.keys()].some((peer) => picker.isUseful(peer))
    if (hasHope || this.#landing.size > 0) this.#hopeAtMs = nowMs
    else if (nowMs - this.#hopeAtMs >= sourceTimeoutMs) this.#giveUp()
  }

  /** The slowest makes room where others wait to be tried. */
  #makeRoom(nowMs: number): void {
    const { candidates } = this.#components
    const isFull = this.#sources.size >= this.#init.peersMax
    if (!isFull || candidates.count <= this.#sources.size) return
    const [slowest] = [...this.#sources.values()]
      .filter(({ openedAtMs }) => nowMs - openedAtMs >= TRIAL_MS)
      .toSorted((left, right) => (left.pace.bytesPerSecond ?? 0) - (right.pace.bytesPerSecond ?? 0))
    if (slowest !== undefined) this.#drop(slowest.peer, 'others may be faster', 'useless')
  }

  #giveUp(): void {
    const { part, picker } = this.#components
    const { id, plan } = part.manifest
    const missing: number[] = []
    for (let piece = 0; piece < plan.count; piece += 1) {
      if (!picker.verified.has(piece)) missing.push(piece)
    }
    const seconds = Math.round(this.#init.sourceTimeoutMs / 1_000)
    const error = new MeshError(
      'FILE_UNAVAILABLE',
      `for ${seconds} s nobody has offered what is missing of ${id}, ${rangesOf(missing)} of ${plan.count}: ${this.#lastLoss}`,
      { hint: 'what has come is kept; fetch it again when somebody who has it is back' }
    )
    this.#finish(() => this.#done.reject(error))
  }

  #endIfComplete(): void {
    if (this.#components.picker.isComplete) this.#finish(() => this.#done.resolve())
  }

  #finish(settle: () => void): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#controller.abort()
    for (const source of this.#sources.values()) source.close()
    this.#sources.clear()
    settle()
  }
}

export const SWARM_DEFAULTS = {
  peersMax: LIMITS.downloadPeersMax,
  stallMs: 20_000,
  sourceTimeoutMs: 60_000
} as const

const RANGES_SHOWN = 5

/** `pieces 3, 7-9 and 12 more` */
export function rangesOf(pieces: readonly number[]): string {
  const ranges: [number, number][] = []
  for (const piece of pieces) {
    const last = ranges.at(-1)
    if (last !== undefined && last[1] === piece - 1) last[1] = piece
    else ranges.push([piece, piece])
  }
  const shown = ranges.slice(0, RANGES_SHOWN)
  const texts = shown.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`))
  const left = pieces.length - shown.reduce((sum, [from, to]) => sum + to - from + 1, 0)
  return `pieces ${texts.join(', ')}${left > 0 ? ` and ${left} more` : ''}`
}
