/** Writes out why the scores are what they are, so that anyone can count again; and checks what others wrote out. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { MeshError } from '../core/errors.ts'
import { ReputationLedger } from '../reputation/ledger.ts'
import { expectReceipt } from '../receipts/proof.ts'
import { openExperience } from '../discovery/experience.ts'
import { openEnvelope, readBase64, sealEnvelope } from '../receipts/envelope.ts'
import { openReceipt, receiptBytes } from '../receipts/receipt.ts'
import { readLines } from '../core/lines.ts'
import { toFileError } from '../files/store/disk-errors.ts'
import { PARAMETERS } from '../reputation/parameters.ts'
import { EXPORT_LINE_BYTES_MAX, recount } from '../reputation/recount.ts'
import { replay } from '../reputation/evidence.ts'
import { validatorFor } from '../model/validate.ts'
import type { EnvelopeKind } from '../receipts/envelope.ts'
import type { EvidenceEntry } from '../model/generated/evidence-entry.ts'
import type { EvidenceReader } from './evidence-reader.ts'
import type { HeardWord, ReceiptedEntry, RecountReport } from '../reputation/recount.ts'
import type { ReceiptDigest } from '../reputation/receipt-digests.ts'
import type {
  ReputationExport,
  ReputationScores,
  ReputationStatement
} from '../model/generated/reputation-export.ts'
import type { Signer } from '../receipts/signer.ts'

const STATEMENT_KIND: EnvelopeKind<ReputationStatement> = {
  name: 'a statement about reputation',
  domain: 'taskmesh-reputation-export',
  payloadType: '/taskmesh/reputation-export/1',
  bytesMax: 4_096,
  check: validatorFor<ReputationStatement>('reputation-export#/$defs/statement', 'statement')
}

export interface ExportComponents {
  evidence: EvidenceReader
  signer: Signer
  nowMs: () => number
}

/** The lines of an export, each with its line feed. @param worker of this one alone */
export async function* exportLines(
  { evidence, nowMs, signer }: ExportComponents,
  worker: string | undefined
): AsyncGenerator<string, void> {
  const hash = createHash('sha256')
  let lines = 0
  const line = (text: string): string => {
    lines += 1
    hash.update(`${text}\n`)
    return `${text}\n`
  }
  const atMs = nowMs()
  const header: ReputationExport = {
    format: 'taskmesh-reputation',
    version: 1,
    router: signer.peer,
    exported_at_ms: atMs,
    ...(worker === undefined ? {} : { worker }),
    parameters: PARAMETERS
  }
  yield line(JSON.stringify(header))
  // Counted again from the very lines that are written, so that the scores are of these and no others.
  let ledger = new ReputationLedger()
  for await (const part of evidence.all(worker)) {
    if ('checkpoint' in part) {
      ledger = ReputationLedger.fromDocument(part.checkpoint)
      yield line(JSON.stringify(part.checkpoint))
    } else {
      const entry = JSON.parse(part.line) as EvidenceEntry
      if (entry.at_ms > atMs) break
      replay(ledger, entry)
      yield line(part.line)
    }
  }
  yield line(JSON.stringify(scoresOf(ledger, atMs)))
  // In the order of their names, as they are signed.
  const statement = { exported_at_ms: atMs, lines, router: signer.peer, sha256: hash.digest('hex') }
  const envelope = await sealEnvelope(statement, STATEMENT_KIND, signer)
  yield `${JSON.stringify({ seal: envelope.toString('base64') })}\n`
}

/**
 * Checks a file that `exportLines` has filled, here or elsewhere.
 * @param word base64 of the router's signed experience, from before: its receipts are held to that
 * @throws MeshError FILE_UNREADABLE, FIELD_INVALID; as `openExperience`
 */
export async function verifyExport(file: string, word?: string): Promise<RecountReport> {
  const heard = word === undefined ? undefined : await openWord(word)
  const input = createReadStream(file)
  try {
    const ports = { checkReceipt, openSeal, heard }
    return await recount(readLines(input, EXPORT_LINE_BYTES_MAX), ports)
  } catch (cause) {
    throw toFileError(cause, file)
  } finally {
    input.destroy()
  }
}

async function openWord(word: string): Promise<HeardWord> {
  const { at_ms: atMs, router, workers } = await openExperience(word.trim())
  const receipts = workers.flatMap(({ peer_id: worker, receipts: said }): Said[] => {
    if (said === undefined) return []
    const { count, sha256, since_ms: sinceMs } = said
    return [[worker, { sinceMs, count, sha256 }]]
  })
  return { router, atMs, receipts: new Map(receipts) }
}

type Said = [worker: string, digest: ReceiptDigest]

function scoresOf(ledger: ReputationLedger, atMs: number): ReputationScores {
  const scores = ledger.list(atMs).map(({ peerId, reliability, reputation, tier }) => ({
    worker: peerId,
    reputation,
    reliability,
    tier
  }))
  return { scores }
}

async function checkReceipt(entry: ReceiptedEntry, router: string): Promise<string> {
  const { document, hash } = await openReceipt(receiptBytes(entry.receipt))
  const { attempt, item, job: job_id, worker } = entry
  expectReceipt(document, {
    router,
    worker,
    ...(job_id === undefined ? {} : { job_id }),
    ...(item === undefined ? {} : { item }),
    ...(attempt === undefined ? {} : { attempt }),
    ...(entry.kind === 'completed' ? { outcome: 'completed' } : {})
  })
  return hash
}

async function openSeal(seal: string): Promise<ReputationStatement> {
  const { document, signer } = await openEnvelope(readBase64(seal, STATEMENT_KIND), STATEMENT_KIND)
  if (signer === document.router) return document
  throw new MeshError('FROM_MISMATCH', `${signer} has signed it, not ${document.router}`)
}
