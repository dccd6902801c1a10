/** The peers that a node knew: whom the file keeps, whom it names first, and what it makes of a file that is not its own. */
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LIMITS } from '../../../src/core/limits.ts'
import { PEER_BOOK_FILE, PeerBook } from '../../../src/network/contact/peer-book.ts'
import { createLogger, silentLogger } from '../../../src/observe/logger.ts'
import { peerOf } from '../../../src/core/peer-keys.ts'
import type { KnownPeer } from '../../../src/network/contact/peer-book.ts'
import type { MemberRole } from '../../../src/membership/documents.ts'

const NOW_MS = Date.UTC(2026, 0, 1)

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'peer-book-'))
  chmodSync(folder, 0o700)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const file = (): string => join(folder, PEER_BOOK_FILE)

function open(wanted: readonly MemberRole[] = [], logger = silentLogger): PeerBook {
  const book = new PeerBook({ file: file(), logger, wanted })
  book.load()
  return book
}

function peerId(number: number): string {
  const raw = new Uint8Array(32)
  new DataView(raw.buffer).setUint32(0, number)
  return peerOf(raw)
}

function known(number: number, change: Partial<KnownPeer> = {}): KnownPeer {
  return {
    peer: peerId(number),
    role: 'worker',
    keepsDht: false,
    addresses: [`/ip4/10.0.0.${number % 250}/tcp/4001`],
    lastSeenMs: NOW_MS + number,
    ...change
  }
}

function peers(book: PeerBook): string[] {
  return book.ranked().map(({ peer }) => peer)
}

/** What was logged as a warning while it opened the book. */
function openWarned(): { book: PeerBook; warnings: string[] } {
  const warnings: string[] = []
  const write = (line: string): void => void warnings.push(line)
  return { book: open([], createLogger({ level: 'warn', format: 'json', write })), warnings }
}

describe('a peer book', () => {
  it('has what was noted after a restart, in a file that only its owner reads', () => {
    const book = open()
    const noted = known(1, { role: undefined, keepsDht: true })
    book.note(noted)
    book.note(known(2))
    book.save()
    expect(open().ranked()).toEqual([noted, known(2)])
    expect(statSync(file()).mode & 0o777).toBe(0o600)
  })

  it('of a node that never wrote one is empty', () => {
    expect(openWarned()).toMatchObject({ book: { size: 0 }, warnings: [] })
  })

  it('names those who introduce others first, then whom this node wants, each the last seen first', () => {
    const book = open(['worker'])
    book.note(known(9, { role: 'share' }))
    book.note(known(1))
    book.note(known(2))
    book.note(known(3, { role: 'router' }))
    book.note(known(4, { role: undefined, keepsDht: true }))
    book.note(known(5, { role: 'bootstrap' }))
    expect(peers(book)).toEqual([5, 4, 3, 2, 1, 9].map(peerId))
    expect(book.ranked().map((one) => book.isWanted(one))).toEqual([
      ...Array.from({ length: 5 }, () => true),
      false
    ])
  })

  it('is bounded, and however many others come, those who introduce stay', () => {
    const book = open()
    book.note(known(0, { role: 'bootstrap', lastSeenMs: 0 }))
    for (let number = 1; number <= LIMITS.peerBookMax + 5; number += 1) book.note(known(number))
    expect(book.size).toBe(LIMITS.peerBookMax)
    expect(peers(book)[0]).toBe(peerId(0))
    expect(peers(book)).not.toContain(peerId(6))
    expect(peers(book)).toContain(peerId(7))
  })

  it('notes nobody who cannot be dialled, and of each peer a few addresses', () => {
    const book = open()
    const long = `/dns4/${'a'.repeat(LIMITS.addressBytesMax)}/tcp/1`
    book.note(known(1, { addresses: ['nonsense', '/dnsaddr/example.org', long] }))
    expect(book.size).toBe(0)
    const many = Array.from({ length: 20 }, (_, index) => `/ip4/10.0.0.1/tcp/${index + 1}`)
    book.note(known(2, { addresses: [...many, ...many] }))
    expect(book.ranked()[0]?.addresses).toEqual(many.slice(0, 8))
  })
})

describe('a file that is no book of ours', () => {
  const others = {
    'is garbage': '\u0000\u0001 not JSON',
    'is empty': '',
    'is of a future version': '{"version":2,"peers":[]}',
    'has another shape': '[1,2,3]',
    'nests without end': '['.repeat(100_000),
    'is far too long': `{"version":1,"peers":[],"x":"${'x'.repeat(3_000_000)}"}`
  }
  for (const [what, text] of Object.entries(others)) {
    it(`as it ${what}, is put aside with a warning`, () => {
      writeFileSync(file(), text, { mode: 0o600 })
      const { book, warnings } = openWarned()
      expect(book.size).toBe(0)
      expect(warnings.join()).toContain('peer book put aside')
      expect(existsSync(file())).toBe(false)
      expect(readFileSync(`${file()}.aside`, 'utf8')).toBe(text)
      book.note(known(1))
      book.save()
      expect(open().size).toBe(1)
    })
  }

  it('as others may have written it, is put aside', () => {
    open().save()
    chmodSync(file(), 0o622)
    expect(openWarned().warnings.join()).toContain('peer book put aside')
  })

  it('loses its bad rows and keeps its good ones', () => {
    const book = open()
    book.note(known(1))
    book.save()
    const { peers: rows, version } = JSON.parse(readFileSync(file(), 'utf8')) as {
      peers: object[]
      version: number
    }
    const bad = [
      { peer_id: 'nobody' },
      { role: 'king' },
      { addresses: [] },
      { addresses: [7] },
      { addresses: ['nonsense'] },
      { keeps_dht: 'yes' },
      { last_seen_ms: 'today' }
    ].map((change) => ({ ...rows[0], ...change }))
    writeFileSync(file(), JSON.stringify({ version, peers: [...bad, null, 7, ...rows] }))
    expect(openWarned().book.ranked()).toEqual([known(1)])
  })

  it('that cannot be written keeps no node from its work', () => {
    const book = new PeerBook({ file: '/dev/null/peers.json', logger: silentLogger, wanted: [] })
    book.load()
    book.note(known(1))
    book.save()
    expect(book.size).toBe(1)
  })
})
