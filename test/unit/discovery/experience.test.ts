import { describe, expect, it } from 'vitest'
import {
  CLOCK_TOLERANCE_MS,
  ExperienceBooks,
  LIFETIME_MS_MAX
} from '../../../src/discovery/experience-books.ts'
import { openExperience, sealExperience } from '../../../src/discovery/experience.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import { sealEnvelope } from '../../../src/receipts/envelope.ts'
import { signerOf } from '../../../src/receipts/signer.ts'
import { temporaryIdentity } from '../../../src/network/identity.ts'
import type { EnvelopeKind } from '../../../src/receipts/envelope.ts'
import type { RouterExperience } from '../../../src/discovery/experience.ts'

const signer = signerOf(await temporaryIdentity())
const WORKER = signerOf(await temporaryIdentity()).peer
const NOW = 1_800_000_000_000
const TIMES = { seq: 7, at_ms: NOW, expires_ms: NOW + 600_000 }
const SEEN = { peer_id: WORKER, good: 3.5, bad: 2 }
const CHAIN = { since_ms: NOW, count: 14, sha256: 'ab'.repeat(32) }

describe('signed experience', () => {
  it('opens to what was sealed, signed by its router', async () => {
    const workers = [{ ...SEEN, right: 3, wrong: 1, quarantined_until_ms: NOW, receipts: CHAIN }]
    const opened = await openExperience(await sealExperience({ ...TIMES, workers }, signer))
    expect(opened).toEqual({ version: 1, router: signer.peer, ...TIMES, workers })
  })

  it('of as many workers as there may be has room', async () => {
    const counts = { good: 999_999_999.99, bad: 999_999_999.99, right: 1e9, wrong: 1e9 }
    const worker = { ...SEEN, ...counts, quarantined_until_ms: NOW }
    const receipts = { ...CHAIN, count: 1e9 }
    // A router tells of the receipts of no more.
    const told = Array.from({ length: 1_000 }, () => ({ ...worker, receipts }))
    const rest = Array.from({ length: LIMITS.experienceWorkersMax - told.length }, () => worker)
    const workers = [...told, ...rest]
    const base64 = await sealExperience({ ...TIMES, workers }, signer)
    expect((await openExperience(base64)).workers).toHaveLength(LIMITS.experienceWorkersMax)
    // As the commands' schemas have it.
    expect(base64.length).toBeLessThan(700_000)
  })

  it('of more workers, or longer than an envelope may be, does not open', async () => {
    const workers = Array.from({ length: LIMITS.experienceWorkersMax + 1 }, () => SEEN)
    const base64 = await sealExperience({ ...TIMES, workers }, signer)
    await expect(openExperience(base64)).rejects.toMatchObject({ code: 'FIELD_INVALID' })
    await expect(openExperience('A'.repeat(800_000))).rejects.toMatchObject({
      code: 'RECEIPT_INVALID'
    })
  })

  it('does not open once a letter of it was changed', async () => {
    const bytes = Buffer.from(await sealExperience({ ...TIMES, workers: [SEEN] }, signer), 'base64')
    const at = bytes.indexOf('"good":3.5') + '"good":'.length
    bytes.write('9', at)
    await expect(openExperience(bytes.toString('base64'))).rejects.toMatchObject({
      code: 'RECEIPT_INVALID'
    })
  })

  it('of one router that another has signed is refused', async () => {
    const kind = {
      name: 'experience of a router',
      domain: 'taskmesh-experience',
      payloadType: '/taskmesh/experience/1',
      bytesMax: 10_000
    } as EnvelopeKind<unknown>
    const { at_ms, expires_ms, seq } = TIMES
    const claim = { at_ms, expires_ms, router: WORKER, seq, version: 1, workers: [] }
    const base64 = (await sealEnvelope(claim, kind, signer)).toString('base64')
    await expect(openExperience(base64)).rejects.toMatchObject({ code: 'FROM_MISMATCH' })
  })
})

function word(changes: Partial<RouterExperience> = {}): RouterExperience {
  return { version: 1, router: 'r', ...TIMES, workers: [SEEN], ...changes }
}

describe('the books', () => {
  it('keep the newest word of each router until it expires', () => {
    const books = new ExperienceBooks()
    expect(books.take(word(), NOW)).toBeUndefined()
    expect(books.take(word({ seq: 8, workers: [] }), NOW)).toBeUndefined()
    expect(books.current(NOW)).toMatchObject([{ router: 'r', workers: new Map() }])
    const endMs = TIMES.expires_ms + CLOCK_TOLERANCE_MS
    expect(books.current(endMs)).toHaveLength(1)
    expect(books.current(endMs + 1)).toEqual([])
  })

  it('take no word twice, and none that is older, a restart between them or not', () => {
    const books = new ExperienceBooks()
    books.take(word(), NOW)
    expect(books.take(word(), NOW)).toBe('repeated')
    expect(books.take(word({ seq: 6 }), NOW)).toBe('repeated')
    const later = new ExperienceBooks(books.seqs())
    expect(later.current(NOW)).toEqual([])
    expect(later.take(word(), NOW)).toBe('repeated')
    expect(later.take(word({ seq: 8 }), NOW)).toBeUndefined()
  })

  it('take none that has expired or is from the future, by clocks that may differ by five minutes', () => {
    const after = TIMES.expires_ms + CLOCK_TOLERANCE_MS
    expect(new ExperienceBooks().take(word(), after)).toBeUndefined()
    expect(new ExperienceBooks().take(word(), after + 1)).toBe('expired')
    const before = TIMES.at_ms - CLOCK_TOLERANCE_MS
    expect(new ExperienceBooks().take(word(), before)).toBeUndefined()
    expect(new ExperienceBooks().take(word(), before - 1)).toBe('from the future')
  })

  it('believe for a while only what says that it lasts for ever', () => {
    const books = new ExperienceBooks()
    books.take(word({ expires_ms: NOW * 2 }), NOW)
    expect(books.current(NOW + LIFETIME_MS_MAX)).toHaveLength(1)
    expect(books.current(NOW + LIFETIME_MS_MAX + 1)).toEqual([])
  })
})
