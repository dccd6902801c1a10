/** Lists, manifests and pieces of files by command: the same over both bindings. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { MeshError } from '../../../src/core/errors.ts'
import { COMMANDS } from '../../../src/protocol/commands.ts'
import { OfferJournal } from '../../../src/files/service/offer-journal.ts'
import { AnswerTurns } from '../../../src/files/service/answer-turns.ts'
import { PieceReads } from '../../../src/files/service/piece-reads.ts'
import { fileHandlers } from '../../../src/files/service/file-commands.ts'
import { systemRandom } from '../../../src/core/random.ts'
import { codeOf, openLibrary, someBytes, useFolders } from '../../support/open-library.ts'
import { Mesh } from '../../support/spawn-mesh.ts'
import type { CommandName, Params, Result } from '../../../src/protocol/commands.ts'
import type { FileLibrary } from '../../../src/files/store/library.ts'
import type { SpawnedNode } from '../../support/spawn-mesh.ts'

const TIMEOUT = { timeoutMs: 30_000 }
const MIB = 1_048_576
/** Of all but the largest files. */
const PIECE_BYTES = 262_144
const newFolder = useFolders()
const mesh = new Mesh()
afterEach(async () => await mesh.stop())

type Ask = <C extends CommandName>(command: C, params: Params<C>) => Promise<Result<C>>

interface Scene {
  library: FileLibrary
  /** Puts a file there as its owner would. */
  give: (name: string, bytes: Uint8Array) => Promise<string>
  pathOf: (name: string) => string
  ask: Ask
}

type Pair = { asker: SpawnedNode; answerer: SpawnedNode }

/** Each gives the checked result, with its bulk field in place, or throws what was answered. */
const bindings: Record<string, (pair: Pair) => Ask> = {
  'JSON streams':
    ({ answerer, asker }) =>
    async (command, params) => {
      const { response } = await asker.binding.call(answerer.peer, command, params, TIMEOUT)
      if (response.error_detail !== undefined) throw toError(response.error_detail)
      return COMMANDS[command].checkResult(response.result)
    },
  sessions:
    ({ answerer, asker }) =>
    async (command, params) => {
      const session = await asker.sessions.open(answerer.peer)
      const answer = await session.request({ command, params }, TIMEOUT)
      if (answer.error !== undefined) throw answer.error
      const field = COMMANDS[command].bulk.result
      const bulk =
        field === undefined || answer.bulk === undefined ? {} : { [field]: JSON.parse(answer.bulk) }
      return COMMANDS[command].checkResult({ ...answer.result, ...bulk })
    }
}

async function start(bind: (pair: Pair) => Ask): Promise<Scene> {
  const folder = newFolder()
  const library = await openLibrary(newFolder())
  const journal = new OfferJournal({ library, random: systemRandom })
  await journal.start()
  const pair = await mesh.pair({ handlers: fileHandlers({ journal, library }) })
  const pathOf = (name: string): string => join(folder, name)
  return {
    library,
    pathOf,
    ask: bind(pair),
    give: async (name, bytes) => {
      writeFileSync(pathOf(name), bytes)
      return (await library.add(pathOf(name))).id
    }
  }
}

function toError(document: object): MeshError {
  return MeshError.fromData(document)
}

async function refusal(work: Promise<unknown>): Promise<Partial<MeshError>> {
  return await work.then(
    () => ({}),
    ({ code, path }: MeshError) => ({ code, path })
  )
}

describe.each(Object.keys(bindings))('by %s', (name) => {
  const bind = bindings[name] as (pair: Pair) => Ask

  it('the list comes in pages, and then only what has changed', async () => {
    const { ask, give, library } = await start(bind)
    const ids = [await give('a', someBytes(10)), await give('b', someBytes(20, 2))]
    const first = await ask('LIST_FILES', { limit: 1 })
    expect(first).toMatchObject({
      files: [{ file_hash: ids[0], name: 'a', size: 10 }],
      has_more: true
    })
    const second = await ask('LIST_FILES', { since: first.next as NonNullable<typeof first.next> })
    expect(second).toMatchObject({ files: [{ file_hash: ids[1], pinned: false }], has_more: false })
    await library.remove(ids[0] as string)
    const third = await ask('LIST_FILES', { since: second.next as NonNullable<typeof first.next> })
    expect(third).toMatchObject({ files: [], gone: [ids[0]] })
  })

  it('a manifest comes from any piece on', async () => {
    const { ask, give, library } = await start(bind)
    const id = await give('a.bin', someBytes(5 * PIECE_BYTES + 7))
    const all = await ask('GET_FILE_METADATA', { file_hash: id.slice('sha256:'.length) })
    const hashes = library.manifest(id)?.hashes as Uint8Array
    expect(all).toMatchObject({ file_hash: id, name: 'a.bin', piece_count: 6, from_piece: 0 })
    expect(all.piece_hashes.join('').replaceAll('sha256:', '')).toBe(
      Buffer.from(hashes).toString('hex')
    )
    const rest = await ask('GET_FILE_METADATA', { file_hash: id, from_piece: 4 })
    expect(rest.piece_hashes).toEqual(all.piece_hashes.slice(4))
    const beyond = ask('GET_FILE_METADATA', { file_hash: id, from_piece: 7 })
    expect(await refusal(beyond)).toEqual({ code: 'FIELD_INVALID', path: 'params.from_piece' })
    const unknown = ask('GET_FILE_METADATA', { file_hash: 'f'.repeat(64) })
    expect(await refusal(unknown)).toEqual({ code: 'FILE_NOT_FOUND', path: 'params.file_hash' })
  })

  it('a piece comes whole or in part, and no other than there is', async () => {
    const { ask, give } = await start(bind)
    const bytes = someBytes(PIECE_BYTES + 100)
    const id = await give('a.bin', bytes)
    const piece = async (about: object): Promise<Result<'REQUEST_PIECE'>> =>
      await ask('REQUEST_PIECE', { file_hash: id, piece_index: 0, ...about })
    const whole = await piece({})
    expect(whole).toMatchObject({ offset: 0, piece_bytes: PIECE_BYTES, piece_index: 0 })
    expect(Buffer.from(whole.data ?? '', 'base64')).toEqual(bytes.subarray(0, PIECE_BYTES))
    const part = await piece({ piece_index: 1, offset: 10, length: 20 })
    expect(Buffer.from(part.data ?? '', 'base64')).toEqual(
      bytes.subarray(PIECE_BYTES + 10, PIECE_BYTES + 30)
    )
    expect(part.piece_bytes).toBe(100)
    const end = await piece({ piece_index: 1, offset: 90, length: MIB })
    expect(Buffer.from(end.data ?? '', 'base64')).toEqual(bytes.subarray(PIECE_BYTES + 90))
    expect(await refusal(piece({ piece_index: 2 }))).toMatchObject({ code: 'FIELD_INVALID' })
    expect(await refusal(piece({ offset: PIECE_BYTES }))).toEqual({
      code: 'FIELD_INVALID',
      path: 'params.offset'
    })
    expect(await codeOf(piece({ length: MIB + 1 }))).toBe('FIELD_INVALID')
    expect(await codeOf(piece({ file_hash: 'f'.repeat(64) }))).toBe('FILE_NOT_FOUND')
  })

  it('a file that was written to meanwhile is not given as what it was', async () => {
    const { ask, give, pathOf } = await start(bind)
    const id = await give('a.bin', someBytes(1_000))
    writeFileSync(pathOf('a.bin'), someBytes(1_000, 2))
    const asking = ask('REQUEST_PIECE', { file_hash: id, piece_index: 0 })
    expect(await codeOf(asking)).toBe('FILE_NOT_FOUND')
    expect((await ask('LIST_FILES', {})).files).toEqual([])
  })
})

it('few pieces are read at once, however many are asked for, and too many are refused', async () => {
  let readingCount = 0
  let readingMax = 0
  const all = { offset: 0, length: 1 }
  const reads = new PieceReads({
    get: () => ({ sizeBytes: 1, pieceBytes: PIECE_BYTES }) as never,
    readPiece: async () => {
      readingCount += 1
      readingMax = Math.max(readingMax, readingCount)
      await new Promise((resolve) => setImmediate(resolve))
      readingCount -= 1
      return new Uint8Array(1)
    }
  })
  const answers = await Promise.allSettled(
    Array.from({ length: 2_000 }, () => reads.read('a', 0, all))
  )
  expect(readingMax).toBe(4)
  expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1_028)
  await expect(reads.read('a', 0, all)).resolves.toMatchObject({ pieceBytes: 1 })
})

it('of a piece only what is asked for is read', async () => {
  const ranges: unknown[] = []
  const reads = new PieceReads({
    get: () => ({ sizeBytes: 3 * PIECE_BYTES, pieceBytes: PIECE_BYTES }) as never,
    readPiece: async (_id, _index, range) => {
      ranges.push(range)
      return new Uint8Array(range?.bytes ?? 0)
    }
  })
  await reads.read('a', 2, { offset: 5, length: 1 })
  await reads.read('a', 2, { offset: PIECE_BYTES - 3, length: 10 })
  expect(ranges).toEqual([
    { offset: 5, bytes: 1 },
    { offset: PIECE_BYTES - 3, bytes: 3 }
  ])
})

it('lists are worked out with turns for others in between, and one peer cannot take all', async () => {
  const turns = new AnswerTurns()
  let othersCount = 0
  const over = new AbortController()
  const others = (async () => {
    while (!over.signal.aborted) {
      // oxlint-disable-next-line no-await-in-loop
      await new Promise((resolve) => setImmediate(resolve))
      othersCount += 1
    }
  })()
  const greedy = Promise.allSettled(
    Array.from({ length: 100 }, () => turns.take('greedy', () => othersCount))
  )
  expect(await turns.take('other', () => 'answer')).toBe('answer')
  const settled = await greedy
  over.abort()
  await others
  const seen = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  expect(seen).toHaveLength(64)
  expect(new Set(seen).size).toBeGreaterThan(32)
  await expect(turns.take('greedy', () => 'again')).resolves.toBe('again')
})
