/**
 * Checks an export without trusting whoever made it: counts everything again, compares the scores, and tells what
 * the workers' own receipts prove from what is the router's word alone.
 */
import { createHash } from 'node:crypto'
import { MeshError, messageOf } from '../core/errors.ts'
import { canonicalJson, parseJson } from '../core/json.ts'
import { validatorFor } from '../model/validate.ts'
import { ReputationLedger } from './ledger.ts'
import { PARAMETERS } from './parameters.ts'
import { ChainCheck } from './receipt-digests.ts'
import { replay } from './evidence.ts'
import type { EvidenceCheckpoint } from '../model/generated/evidence-checkpoint.ts'
import type { EvidenceEntry } from './evidence.ts'
import type { ReceiptDigest } from './receipt-digests.ts'
import type {
  ReputationExport,
  ReputationScores,
  ReputationSealLine,
  ReputationStatement
} from '../model/generated/reputation-export.ts'

/** An entry that has a receipt. */
export type ReceiptedEntry = EvidenceEntry & { receipt: string }

/** What the router said before of the receipts that it had counted, by worker. */
export interface HeardWord {
  router: string
  atMs: number
  receipts: ReadonlyMap<string, ReceiptDigest>
}

export interface RecountPorts {
  /**
   * Whether a receipt is of that worker, about that attempt, for that router.
   * @returns what tells it from every other; @throws MeshError that says what is wrong with it
   */
  checkReceipt: (entry: ReceiptedEntry, router: string) => Promise<string>
  /** Opens the last line's envelope. @throws MeshError where its signature is wrong, or another's than its router's */
  openSeal: (seal: string) => Promise<ReputationStatement>
  /** What the export is held to, if anything was heard. */
  heard?: HeardWord | undefined
}

/** Of one worker. */
export interface WorkerRecount {
  worker: string
  /** As the export says. */
  stated: number
  /** As its lines give. */
  recounted: number
  is_same: boolean
  /** Outcomes in the export. */
  entries: number
  /** Of those, proven by the worker's receipt. */
  proven: number
  /** And those for which there is only the router's word: what is lost has no receipt. */
  word: number
  /** Outcomes before the export's checkpoint, of which it has only sums. */
  earlier: number
}

export interface RecountReport {
  router: string
  exported_at_ms: number
  lines: number
  /** Workers whose receipts were held to what the router said of them before. */
  held?: number
  /** What is wrong; an export without any is what it says it is. */
  findings: string[]
  workers: WorkerRecount[]
}

const checkHeader = validatorFor<ReputationExport>('reputation-export', 'line 1')
const checkEntry = validatorFor<EvidenceEntry>('evidence-entry', 'entry')
const checkScores = validatorFor<ReputationScores>('reputation-export#/$defs/scores', 'scores')
const checkSeal = validatorFor<ReputationSealLine>('reputation-export#/$defs/seal', 'seal')

/** The longest line is the checkpoint: 20,000 workers of about a kilobyte, and histories of some of ten. */
export const EXPORT_LINE_BYTES_MAX = 64 * 1_048_576
/** Receipts that are checked at once. */
const BATCH = 64
/** More say no more. */
const FINDINGS_MAX = 100

/** @throws MeshError where it is no export, or made by other formulas; what is wrong with its contents is in the report */
export async function recount(
  lines: AsyncIterable<string>,
  ports: RecountPorts
): Promise<RecountReport> {
  const count = new Recount(ports)
  // Which line is the last but one is known once it is there.
  const held: string[] = []
  for await (const line of lines) {
    held.push(line)
    if (held.length > 2) await count.take(held.shift() as string)
  }
  const [scores, seal] = held
  if (scores === undefined || seal === undefined) throw noExport('it ends too early')
  return await count.end(scores, seal)
}

class Recount {
  readonly #ports: RecountPorts
  readonly #hash = createHash('sha256')
  readonly #workers = new Map<string, Pick<WorkerRecount, 'entries' | 'proven' | 'earlier'>>()
  readonly #findings: string[] = []
  readonly #seen = new Set<string>()
  #header: ReputationExport | undefined
  #ledger: ReputationLedger | undefined
  #lineCount = 0
  #lastMs = 0
  #waiting: { entry: ReceiptedEntry; line: number }[] = []
  /** By worker, of those that the export goes back far enough for. */
  readonly #chains = new Map<string, ChainCheck>()

  constructor(ports: RecountPorts) {
    this.#ports = ports
  }

  async take(line: string): Promise<void> {
    this.#count(line)
    const value = parse(line, this.#lineCount)
    if (this.#header === undefined) this.#header = readHeader(value)
    else if (this.#ledger === undefined) this.#begin(value)
    else await this.#entry(inLine(this.#lineCount, () => checkEntry(value)))
  }

  async end(scoresLine: string, sealLine: string): Promise<RecountReport> {
    if (this.#header === undefined || this.#ledger === undefined)
      throw noExport('it ends too early')
    await this.#checkReceipts()
    this.#count(scoresLine)
    const stated = scoresIn(parse(scoresLine, this.#lineCount), this.#lineCount)
    const { exported_at_ms: atMs, router } = this.#header
    await this.#checkSeal(
      sealIn(parse(sealLine, this.#lineCount + 1), this.#lineCount + 1),
      this.#header
    )
    const workers = this.#ledger.list(atMs).map((found): WorkerRecount => {
      const { earlier, entries, proven } = this.#of(found.peerId)
      const said = stated.get(found.peerId)
      stated.delete(found.peerId)
      const isSame =
        said?.reputation === found.reputation &&
        said.reliability === found.reliability &&
        said.tier === found.tier
      if (!isSame) this.#find(`the score of ${found.peerId} does not follow from the evidence`)
      return {
        worker: found.peerId,
        stated: said?.reputation ?? 0,
        recounted: found.reputation,
        is_same: isSame,
        entries,
        proven,
        word: entries - proven,
        earlier
      }
    })
    for (const worker of stated.keys()) this.#find(`${worker} has a score, but no evidence`)
    const held = this.#ports.heard === undefined ? {} : { held: this.#holdTo(this.#ports.heard) }
    const findings = this.#findings
    return { router, exported_at_ms: atMs, lines: this.#lineCount, ...held, findings, workers }
  }

  /** @returns how many workers' receipts were compared */
  #holdTo({ atMs, router }: HeardWord): number {
    const header = this.#header as ReputationExport
    if (router !== header.router) this.#find(`the experience is of another router, ${router}`)
    if (atMs > header.exported_at_ms) this.#find('the experience is of a time after the export')
    for (const [worker, chain] of this.#chains) {
      if (!chain.isSame) {
        this.#find(`the receipts of ${worker} are not those that the router had counted`)
      }
    }
    return this.#chains.size
  }

  #count(line: string): void {
    this.#lineCount += 1
    this.#hash.update(`${line}\n`)
  }

  #begin(value: unknown): void {
    this.#ledger = inLine(this.#lineCount, () => ReputationLedger.fromDocument(value))
    for (const { evidenceCount, peerId } of this.#ledger.list(0)) {
      this.#of(peerId).earlier = evidenceCount
    }
    const { at_ms: fromMs } = value as EvidenceCheckpoint
    const { worker: only } = this.#header as ReputationExport
    for (const [worker, digest] of this.#ports.heard?.receipts ?? []) {
      const isCovered = digest.sinceMs > fromMs && (only === undefined || only === worker)
      if (isCovered) this.#chains.set(worker, new ChainCheck(digest))
    }
  }

  async #entry(entry: EvidenceEntry): Promise<void> {
    const { exported_at_ms: atMs, worker } = this.#header as ReputationExport
    if (entry.at_ms < this.#lastMs || entry.at_ms > atMs) {
      this.#find(`line ${this.#lineCount} is out of its time`)
    }
    if (worker !== undefined && entry.worker !== worker) {
      this.#find(`line ${this.#lineCount} is about another worker`)
    }
    this.#lastMs = entry.at_ms
    replay(this.#ledger as ReputationLedger, entry)
    this.#of(entry.worker).entries += 1
    if (!hasReceipt(entry)) return
    this.#chains.get(entry.worker)?.take(entry.receipt, entry.at_ms)
    this.#waiting.push({ entry, line: this.#lineCount })
    if (this.#waiting.length >= BATCH) await this.#checkReceipts()
  }

  async #checkReceipts(): Promise<void> {
    const { router } = this.#header as ReputationExport
    const waiting = this.#waiting
    this.#waiting = []
    const names = await Promise.allSettled(
      waiting.map(({ entry }) => this.#ports.checkReceipt(entry, router))
    )
    for (const [index, { entry, line }] of waiting.entries()) {
      const name = names[index]
      if (name?.status !== 'fulfilled') {
        this.#find(`line ${line} has a receipt that proves nothing: ${messageOf(name?.reason)}`)
      } else if (this.#seen.has(name.value)) {
        this.#find(`line ${line} has a receipt that was there before`)
      } else {
        this.#seen.add(name.value)
        this.#of(entry.worker).proven += 1
      }
    }
  }

  async #checkSeal({ seal }: ReputationSealLine, header: ReputationExport): Promise<void> {
    try {
      const statement = await this.#ports.openSeal(seal)
      const isRight =
        statement.router === header.router &&
        statement.exported_at_ms === header.exported_at_ms &&
        statement.lines === this.#lineCount &&
        statement.sha256 === this.#hash.digest('hex')
      if (!isRight) this.#find('the router has signed other lines than these')
    } catch (cause) {
      this.#find(`the router's signature is not right: ${messageOf(cause)}`)
    }
  }

  #of(worker: string): Pick<WorkerRecount, 'entries' | 'proven' | 'earlier'> {
    const found = this.#workers.get(worker) ?? { entries: 0, proven: 0, earlier: 0 }
    this.#workers.set(worker, found)
    return found
  }

  #find(text: string): void {
    if (this.#findings.length < FINDINGS_MAX) this.#findings.push(text)
  }
}

function hasReceipt(entry: EvidenceEntry): entry is ReceiptedEntry {
  return entry.receipt !== undefined
}

function readHeader(value: unknown): ReputationExport {
  const header = checkHeader(value)
  const ours = Object.entries(PARAMETERS)
  const theirs = header.parameters as unknown as Record<string, unknown>
  const other = ours.find(([name, is]) => canonicalJson(theirs[name]) !== canonicalJson(is))
  if (other === undefined) return header
  throw noExport(`it was made with another ${other[0]} than this program has`)
}

function scoresIn(value: unknown, line: number): Map<string, ReputationScores['scores'][number]> {
  const { scores } = inLine(line, () => checkScores(value))
  return new Map(scores.map((score) => [score.worker, score]))
}

function sealIn(value: unknown, line: number): ReputationSealLine {
  return inLine(line, () => checkSeal(value))
}

/** Of a stranger's hand: neither nested without end nor of empty objects by the million. */
function parse(line: string, number: number): unknown {
  return inLine(number, () => parseJson(line, EXPORT_LINE_BYTES_MAX))
}

/** @throws MeshError that says in which line something is wrong */
function inLine<T>(line: number, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw noExport(`line ${line}: ${messageOf(cause)}`)
  }
}

function noExport(why: string): MeshError {
  return new MeshError('FIELD_INVALID', `this is no export of reputation: ${why}`, {
    hint: 'give a file that `taskmesh reputation export` of this version has written'
  })
}
