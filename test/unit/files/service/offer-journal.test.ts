/** What a node says of its files to those who follow it, and to those who ask once. */
import { describe, expect, it } from 'vitest'
import { COMMANDS } from '../../../../src/protocol/commands.ts'
import { OfferJournal } from '../../../../src/files/service/offer-journal.ts'
import { seededRandom } from '../../../../src/core/random.ts'
import { FakeLibrary, idOf } from '../../../support/fake-library.ts'

async function start(library: FakeLibrary, init: { goneMax?: number } = {}): Promise<OfferJournal> {
  const journal = new OfferJournal({ library, random: seededRandom(1) }, init)
  await journal.start()
  return journal
}

describe('the list of files', () => {
  it('is told from the beginning, in the order in which they came, in pages that fit the schema', async () => {
    const library = new FakeLibrary()
    for (const word of ['c', 'a', 'b']) library.put(idOf(word), { addedAtMs: word.charCodeAt(0) })
    const journal = await start(library)
    const first = COMMANDS.LIST_FILES.checkResult(journal.page({ limit: 2 }))
    expect(first.files.map((file) => file.file_hash)).toEqual([idOf('a'), idOf('b')])
    expect(first).toMatchObject({ has_more: true, gone: [] })
    expect(first).not.toHaveProperty('is_restart')
    const since = first.next as NonNullable<typeof first.next>
    const second = COMMANDS.LIST_FILES.checkResult(journal.page({ since }))
    expect(second.files.map((file) => file.file_hash)).toEqual([idOf('c')])
    expect(second).toMatchObject({ has_more: false, next: { run: journal.run, revision: 3 } })
    expect(journal.count).toBe(3)
  })

  it('tells what came, went and changed since, each once', async () => {
    const library = new FakeLibrary()
    library.put(idOf('a'))
    library.put(idOf('b'))
    const journal = await start(library)
    const { next } = journal.page({})
    library.put(idOf('c'))
    library.drop(idOf('a'))
    library.put(idOf('b'), { isPinned: true, keptFor: ['j-1', 'j-2'] })
    library.drop(idOf('c'))
    const page = journal.page({ since: next as NonNullable<typeof next> })
    expect(page.files).toEqual([
      expect.objectContaining({ file_hash: idOf('b'), pinned: true, kept_for: ['j-1', 'j-2'] })
    ])
    expect(page.gone).toEqual([idOf('a'), idOf('c')])
    expect(page.has_more).toBe(false)
  })

  it('begins anew for who knows another life of the node, or too little of this one', async () => {
    const library = new FakeLibrary()
    library.put(idOf('a'))
    const journal = await start(library, { goneMax: 1 })
    const { next: since } = journal.page({})
    expect(journal.page({ since: { run: 'other', revision: 1 } })).toMatchObject({
      is_restart: true
    })
    expect(journal.page({ since: { run: journal.run, revision: 9 } })).toMatchObject({
      is_restart: true
    })
    library.put(idOf('b'))
    library.drop(idOf('b'))
    const known = since as NonNullable<typeof since>
    expect(journal.page({ since: known })).not.toHaveProperty('is_restart')
    library.drop(idOf('a'))
    expect(journal.page({ since: known })).toMatchObject({ is_restart: true, files: [] })
  })

  it('can be read to its end by who begins after much was forgotten', async () => {
    const library = new FakeLibrary()
    library.put(idOf('old'))
    const journal = await start(library, { goneMax: 1 })
    for (let count = 0; count < 5; count += 1) {
      library.put(idOf(count))
      library.drop(idOf(count))
    }
    library.put(idOf('new'))
    const first = journal.page({ limit: 1 })
    const second = journal.page({ limit: 1, since: first.next as NonNullable<typeof first.next> })
    expect(second).not.toHaveProperty('is_restart')
    const third = journal.page({ since: second.next as NonNullable<typeof first.next> })
    expect([...first.files, ...second.files, ...third.files].map((file) => file.file_hash)).toEqual(
      [idOf('old'), idOf('new')]
    )
  })

  it('keeps its pages short, however long the names are', async () => {
    const library = new FakeLibrary()
    for (let count = 0; count < 1_000; count += 1)
      library.put(idOf(count), { name: 'ä'.repeat(500) })
    const journal = await start(library)
    const page = journal.page({})
    expect(page.has_more).toBe(true)
    expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThan(2 * 1_048_576)
  })

  it('names the newest first for who announces them, with those of the owner marked', async () => {
    const library = new FakeLibrary()
    const journal = await start(library)
    library.put(idOf('a'))
    library.put(idOf('b'), { sharedCount: 0 })
    library.put(idOf('c'))
    library.drop(idOf('a'))
    expect([...journal.newest()].map(({ id, isShared }) => [id, isShared])).toEqual([
      [idOf('c'), true],
      [idOf('b'), false]
    ])
  })

  it('stays small when one file comes and goes for ever', async () => {
    const library = new FakeLibrary()
    const journal = await start(library, { goneMax: 10 })
    for (let count = 0; count < 20_000; count += 1) {
      library.put(idOf('a'))
      library.drop(idOf('a'))
    }
    expect(journal.revision).toBe(40_000)
    expect(journal.page({}).gone).toEqual([idOf('a')])
  })
})
