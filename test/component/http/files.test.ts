/** Files over HTTP: handed in piece by piece, listed, read, kept and removed, with a real library behind it. */
import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../../src/core/limits.ts'
import { makeManifest, writeManifest } from '../../../src/files/content/manifest.ts'
import { pieceHash } from '../../../src/files/content/content-tree.ts'
import { pieceSpan, planPieces } from '../../../src/files/content/piece-plan.ts'
import { problemOf, TOKEN } from '../../support/start-api.ts'
import { readFileLink } from '../../../src/model/file-link.ts'
import { ROUTER_ADDRESS, ROUTER_PEER, startFileApi } from '../../support/start-file-api.ts'
import { someBytes, useFolders } from '../../support/open-library.ts'
import { validatorFor } from '../../../src/model/validate.ts'
import { writeFolder } from '../../../src/files/content/folder-manifest.ts'
import type { FileApi } from '../../support/start-file-api.ts'
import type { FileManifest } from '../../../src/files/content/manifest.ts'
import type { FileUploadRequest } from '../../../src/model/generated/api-file-upload-request.ts'

const newFolder = useFolders()
const OTHER_PEER = '12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp'

function manifestOf(bytes: Uint8Array): FileManifest {
  return makeManifest(planPieces(bytes.length), Buffer.concat(piecesOf(bytes).map(pieceHash)))
}

function piecesOf(bytes: Uint8Array): Uint8Array[] {
  const plan = planPieces(bytes.length)
  return Array.from({ length: plan.count }, (_, index) => {
    const span = pieceSpan(plan, index)
    return bytes.subarray(span.offset, span.offset + span.bytes)
  })
}

function announcement(bytes: Uint8Array, rest: Partial<FileUploadRequest> = {}): FileUploadRequest {
  return { manifest: writeManifest(manifestOf(bytes)), name: 'data.bin', ...rest }
}

function idNumber(index: number): string {
  return `sha256:${String(index).padStart(64, 'a')}`
}

/** Hands in all of it. */
async function handIn(
  { client }: FileApi,
  bytes: Uint8Array,
  rest: Partial<FileUploadRequest> = {}
): Promise<string> {
  const { id } = await client.announceFile(announcement(bytes, rest))
  await Promise.all(piecesOf(bytes).map((piece, index) => client.putPiece(id, index, piece)))
  return id
}

async function contentOf(
  { call }: FileApi,
  id: string,
  headers: Record<string, string> = {}
): Promise<Response> {
  return call(`/v1/files/${id}/content`, {
    headers: { authorization: `Bearer ${TOKEN}`, ...headers }
  })
}

describe('handing in', () => {
  test('what is missing is said, and the last piece makes it whole and pinned', async () => {
    const api = await startFileApi({ folder: newFolder() })
    const bytes = someBytes(1_000_000)
    const upload = await api.client.announceFile(announcement(bytes))
    const count = piecesOf(bytes).length
    expect(upload).toMatchObject({ complete: false, missing: [{ first: 0, last: count - 1 }] })
    await api.client.putPiece(upload.id, 1, piecesOf(bytes)[1] as Uint8Array)
    const again = await api.client.announceFile(announcement(bytes))
    expect(again.missing).toEqual([
      { first: 0, last: 0 },
      { first: 2, last: count - 1 }
    ])
    expect(await api.client.file(upload.id)).toMatchObject({ state: 'part', holders: 0 })
    await handIn(api, bytes)
    expect(await api.client.announceFile(announcement(bytes))).toMatchObject({ complete: true })
    const view = await api.client.file(upload.id)
    validatorFor('api/file')(view)
    expect(view).toMatchObject({
      name: 'data.bin',
      state: 'complete',
      pinned: true,
      holders: 1,
      piece_count: count,
      held_by: [{ peer_id: ROUTER_PEER, pinned: true, role: 'router' }]
    })
    expect(Buffer.from(await (await contentOf(api, upload.id)).arrayBuffer()).equals(bytes)).toBe(
      true
    )
  })

  test('two who hand in the same file at once both succeed', async () => {
    const api = await startFileApi({ folder: newFolder() })
    const bytes = someBytes(3_000_000, 2)
    const ids = await Promise.all([
      handIn(api, bytes, { pin: false }),
      handIn(api, bytes, { until: '7d' })
    ])
    expect(new Set(ids).size).toBe(1)
    const { kept_until: until = 0, ...view } = await api.client.file(ids[0])
    expect(view).toMatchObject({ state: 'complete', pinned: false, kept_for: 'http' })
    expect(until).toBeGreaterThan(Date.now() + 6 * 86_400_000)
  })

  test('an empty file is whole at once', async () => {
    const api = await startFileApi({ folder: newFolder() })
    const { complete, id } = await api.client.announceFile(announcement(new Uint8Array()))
    expect(complete).toBe(true)
    const content = await contentOf(api, id)
    expect([content.status, content.headers.get('content-length')]).toEqual([200, '0'])
  })

  test('a router that starts again goes on with what it has', async () => {
    const folder = newFolder()
    const bytes = someBytes(1_000_000, 3)
    const before = await startFileApi({ folder })
    const { id } = await before.client.announceFile(announcement(bytes))
    await before.client.putPiece(id, 2, piecesOf(bytes)[2] as Uint8Array)
    await before.server.stop()
    await before.service.stop()
    await before.library.stop()
    const after = await startFileApi({ folder })
    await expect(
      after.client.putPiece(id, 1, piecesOf(bytes)[1] as Uint8Array)
    ).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND'
    })
    const { missing } = await after.client.announceFile(announcement(bytes))
    expect(missing).toEqual([
      { first: 0, last: 1 },
      { first: 3, last: 3 }
    ])
  })

  test('garbage is refused, and leaves the file as it was', async () => {
    const api = await startFileApi({ folder: newFolder() })
    const bytes = someBytes(600_000, 4)
    const { id } = await api.client.announceFile(announcement(bytes))
    const [first] = piecesOf(bytes) as [Uint8Array]
    const put = async (index: number | string, body: Uint8Array): Promise<[number, string]> => {
      const path = `/v1/files/${id}/pieces/${index}`
      const headers = { authorization: `Bearer ${TOKEN}` }
      const response = await api.call(path, { method: 'PUT', headers, body: new Uint8Array(body) })
      return [response.status, (await problemOf(response)).code]
    }
    expect(await put(0, someBytes(first.length, 5))).toEqual([422, 'PIECE_INVALID'])
    expect(await put(0, first.slice(1))).toEqual([422, 'PIECE_INVALID'])
    expect(await put(0, Buffer.concat([first, first]))).toEqual([422, 'PIECE_INVALID'])
    expect(await put(0, new Uint8Array())).toEqual([422, 'PIECE_INVALID'])
    expect(await put(1, first)).toEqual([422, 'PIECE_INVALID'])
    expect(await put(99, first)).toEqual([400, 'FIELD_INVALID'])
    expect(await put('-1', first)).toEqual([400, 'FIELD_INVALID'])
    expect(await put('1e0', first)).toEqual([400, 'FIELD_INVALID'])
    const { missing } = await api.client.announceFile(announcement(bytes))
    expect(missing).toEqual([{ first: 0, last: piecesOf(bytes).length - 1 }])
    await handIn(api, bytes)
    expect(await api.client.file(id)).toMatchObject({ state: 'complete' })
  })

  test.each([
    [
      'hashes of another file',
      (request: FileUploadRequest) => (request.manifest.size += 1),
      'FIELD_INVALID'
    ],
    ['no name', (request: FileUploadRequest) => (request.name = ''), 'FIELD_INVALID'],
    [
      'a field too many',
      (request: FileUploadRequest) => Object.assign(request, { x: 1 }),
      'FIELD_UNKNOWN'
    ],
    ['no moment', (request: FileUploadRequest) => (request.until = 'soon'), 'FIELD_INVALID']
  ])('an announcement with %s is refused', async (_what, spoil, code) => {
    const { call, post } = await startFileApi({ folder: newFolder() })
    const request = announcement(someBytes(100))
    spoil(request)
    expect((await problemOf(await post('/v1/files', request))).code).toBe(code)
    expect(await (await call('/v1/files')).json()).toEqual([])
  })

  test('the largest manifest there is fits', async () => {
    const { client } = await startFileApi({ folder: newFolder() })
    const count = LIMITS.filePiecesMax
    const plan = { sizeBytes: count * 65_536, pieceBytes: 65_536, count }
    const manifest = makeManifest(plan, new Uint8Array(count * 32).fill(7))
    const { missing } = await client.announceFile({
      manifest: writeManifest(manifest),
      name: 'large'
    })
    expect(missing).toEqual([{ first: 0, last: count - 1 }])
  })

  test('a name from outside is made safe, and travels safely', async () => {
    const api = await startFileApi({ folder: newFolder() })
    const id = await handIn(api, someBytes(10), { name: '../\u001b[2Jé"evil\r\n.txt' })
    const { name } = await api.client.file(id)
    expect(name).toBe('.._\u005f[2Jé_evil__.txt')
    const { headers } = await contentOf(api, id)
    expect(headers.get('content-disposition')).toBe(
      `attachment; filename=".._\u005f[2J__evil__.txt"; filename*=UTF-8''.._%5F[2J%C3%A9_evil__.txt`.replace(
        '%5F[2J',
        '_%5B2J'
      )
    )
  })

  test('a file that is full of itself is refused, and goes on when there is room', async () => {
    const api = await startFileApi({ folder: newFolder(), budgetBytes: 100_000 })
    await expect(handIn(api, someBytes(200_000))).rejects.toMatchObject({ code: 'STORE_FULL' })
  })
})

describe('reading', () => {
  test.each([
    ['bytes=0-9', 206, [0, 10], 'bytes 0-9/600000'],
    ['bytes=262140-262149', 206, [262_140, 262_150], 'bytes 262140-262149/600000'],
    ['bytes=599990-', 206, [599_990, 600_000], 'bytes 599990-599999/600000'],
    ['bytes=-5', 206, [599_995, 600_000], 'bytes 599995-599999/600000'],
    ['bytes=0-99999999', 206, [0, 600_000], 'bytes 0-599999/600000'],
    ['bytes=600000-', 416, [0, 0], 'bytes */600000'],
    ['bytes=-0', 416, [0, 0], 'bytes */600000'],
    ['bytes=5-2', 200, [0, 600_000], null],
    ['bytes=0-1,5-6', 200, [0, 600_000], null],
    ['lines=1-2', 200, [0, 600_000], null]
  ])('%s', async (range, status, [from, to], contentRange) => {
    const api = await startFileApi({ folder: newFolder() })
    const bytes = someBytes(600_000, 6)
    const id = await handIn(api, bytes)
    const response = await contentOf(api, id, { range })
    expect(response.status).toBe(status)
    expect(response.headers.get('content-range')).toBe(contentRange)
    expect(response.headers.get('content-length')).toBe(String((to as number) - (from as number)))
    expect(Buffer.from(await response.arrayBuffer()).equals(bytes.subarray(from, to))).toBe(true)
  })

  test('a stretch of what has become another file is not given', async () => {
    const api = await startFileApi({ folder: newFolder() })
    const id = await handIn(api, someBytes(600_000, 6))
    const stale = await contentOf(api, id, { range: 'bytes=0-1', 'if-range': '"sha256:00"' })
    expect(stale.status).toBe(200)
    await stale.body?.cancel()
    const fresh = await contentOf(api, id, { range: 'bytes=0-1', 'if-range': `"${id}"` })
    expect(fresh.status).toBe(206)
  })

  test('a folder is shown as its list, page by page', async () => {
    const api = await startFileApi({ folder: newFolder() })
    const inside = await handIn(api, someBytes(10, 7), { name: 'inside' })
    const entries = Array.from({ length: 5 }, (_, index) => ({
      path: `a/${index}`,
      size: 10,
      id: inside
    }))
    const id = await handIn(api, writeFolder(entries), { name: 'things' })
    expect(await api.client.file(id)).toMatchObject({ entry_count: 5 })
    const refusal = await contentOf(api, id)
    expect(refusal.status).toBe(409)
    expect(await problemOf(refusal)).toMatchObject({
      code: 'FILE_KIND_INVALID',
      hint: expect.stringContaining(`/v1/files/${id}/entries`) as string
    })
    const page = await api.call(`/v1/files/${id}/entries?limit=2&after=a/1`)
    expect(await page.json()).toEqual(entries.slice(2, 4))
    expect(page.headers.get('link')).toContain('after=a%2F3')
    const all: object[] = []
    for await (const entry of api.client.folderEntries(id)) all.push(entry)
    expect(all).toEqual(entries)
    expect((await problemOf(await api.call(`/v1/files/${inside}/entries`))).code).toBe(
      'FILE_KIND_INVALID'
    )
  })

  test('readers have a bound, and give their places back', async () => {
    const api = await startFileApi({ folder: newFolder() })
    const id = await handIn(api, someBytes(20_000_000, 8))
    const readers = await Promise.all(
      Array.from({ length: LIMITS.fileReadersMax }, () => contentOf(api, id))
    )
    const refused = await contentOf(api, id)
    expect((await problemOf(refused)).code).toBe('TOO_MANY_REQUESTS')
    await Promise.all(readers.map(async ({ body }) => await body?.cancel()))
    await expect
      .poll(async () => {
        const response = await contentOf(api, id, { range: 'bytes=0-0' })
        await response.arrayBuffer()
        return response.status
      })
      .toBe(206)
  })
})

describe('looking', () => {
  test('what others offer and what is here in part come in one list, page by page, by name or id', async () => {
    const api = await startFileApi({ folder: newFolder() })
    for (let index = 0; index < 2_500; index += 1) {
      const name = `remote-${String(index).padStart(4, '0')}.bin`
      api.catalogue.offered(OTHER_PEER, {
        id: idNumber(index),
        name,
        sizeBytes: 5,
        isPinned: true,
        keptFor: []
      })
    }
    await api.client.announceFile(announcement(someBytes(100, 9), { name: 'remote-1000a.part' }))
    await handIn(api, someBytes(100, 10), { name: 'a-first' })
    for (const sort of ['name', 'id'] as const) {
      const all: { id: string; name: string; state: string }[] = []
      let after: string | undefined
      do {
        const page = await api.client.files({ sort, limit: 1_000, after })
        all.push(...page.rows)
        after = page.next
      } while (after !== undefined)
      expect(all).toHaveLength(2_502)
      const keys = all.map((row) => row[sort])
      expect(keys).toEqual(keys.toSorted())
    }
    const { rows } = await api.client.files({ name: 'REMOTE-1000', limit: 10 })
    expect(
      rows.map(({ holders, name, pinned, state }) => ({ holders, name, pinned, state }))
    ).toEqual([
      { holders: 1, name: 'remote-1000.bin', pinned: false, state: 'remote' },
      { holders: 0, name: 'remote-1000a.part', pinned: false, state: 'part' }
    ])
    const after = await api.client.files({ after: idNumber(2_498), limit: 10 })
    expect(after.rows.map(({ name }) => name)).toEqual(['remote-2499.bin'])
  })

  test('a file by its first digits, and its link with the addresses of those who have it', async () => {
    const api = await startFileApi({ folder: newFolder() })
    const id = `sha256:${'ab'.repeat(32)}`
    const offer = { name: 'x y&z', sizeBytes: 5, isPinned: true, keptFor: [] }
    api.catalogue.offered(OTHER_PEER, { id, ...offer })
    const view = await api.client.file('abab')
    expect(view).toMatchObject({ id, state: 'remote', holders: 1 })
    expect(view.held_by).toEqual([{ peer_id: OTHER_PEER, pinned: true, role: 'worker' }])
    expect(readFileLink(view.link ?? '', 'link')).toEqual({
      id,
      name: 'x y&z',
      sizeBytes: 5,
      peers: [ROUTER_ADDRESS, `/ip4/127.0.0.1/tcp/40002/p2p/${OTHER_PEER}`]
    })
    api.catalogue.offered(OTHER_PEER, { id: `sha256:${'ab'.repeat(31)}cd`, ...offer })
    await expect(api.client.file('abab')).rejects.toMatchObject({ code: 'ID_AMBIGUOUS' })
  })

  test.each([
    ['cccc', 'FILE_NOT_FOUND'],
    [`sha256:${'c'.repeat(64)}`, 'FILE_NOT_FOUND'],
    ['abc', 'FIELD_INVALID'],
    ['../../etc/passwd', 'FIELD_INVALID'],
    ['c'.repeat(65), 'FIELD_INVALID']
  ])('%s is no file here', async (id, code) => {
    const { client } = await startFileApi({ folder: newFolder() })
    await expect(client.file(id)).rejects.toMatchObject({ code })
    await expect(client.pinFile(id)).rejects.toMatchObject({ code })
    await expect(client.removeFile(id)).rejects.toMatchObject({ code })
    await expect(client.verifyFile(id)).rejects.toMatchObject({ code })
    await expect(client.putPiece(id, 0, Buffer.from('x'))).rejects.toMatchObject({ code })
  })
})

describe('keeping', () => {
  test('pinned for a while, for ever, and not at all', async () => {
    const api = await startFileApi({ folder: newFolder() })
    const id = await handIn(api, someBytes(100, 11), { pin: false })
    expect(await api.client.file(id)).not.toHaveProperty('kept_until')
    const until = '2999-01-01T00:00:00Z'
    expect(await api.client.pinFile(id, { until })).toMatchObject({
      pinned: false,
      kept_until: Date.parse(until)
    })
    // An earlier moment takes nothing back.
    expect(await api.client.pinFile(id, { until: '1d' })).toMatchObject({
      kept_until: Date.parse(until)
    })
    expect(await api.client.pinFile(id)).toMatchObject({ pinned: true })
    const free = await api.client.unpinFile(id)
    expect(free.pinned).toBe(false)
    expect(free).not.toHaveProperty('kept_until')
  })

  test('a folder is kept with what is in it', async () => {
    const api = await startFileApi({ folder: newFolder() })
    const inside = await handIn(api, someBytes(10, 12), { pin: false })
    const list = writeFolder([{ path: 'x', size: 10, id: inside }])
    const id = await handIn(api, list, { name: 'things', pin: false })
    await api.client.pinFile(id)
    expect(api.library.get(inside)?.isPinned).toBe(true)
    await api.client.removeFile(id)
    expect(api.library.get(inside)).toMatchObject({ isPinned: false, isComplete: true })
    expect(api.library.get(id)).toBeUndefined()
  })

  test('what is damaged is found out and no longer offered', async () => {
    const folder = newFolder()
    const api = await startFileApi({ folder })
    const id = await handIn(api, someBytes(600_000, 13))
    const digits = id.slice('sha256:'.length)
    expect(await api.client.verifyFile(id)).toMatchObject({ outcome: 'right', size: 600_000 })
    writeFileSync(join(folder, 'blobs', digits.slice(0, 2), digits), someBytes(600_000, 14))
    expect(await api.client.verifyFile(id)).toMatchObject({ outcome: 'wrong' })
    await expect(api.client.file(id)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
  })

  test('a part that nobody is handing in can be removed', async () => {
    const api = await startFileApi({ folder: newFolder() })
    const { id } = await api.client.announceFile(announcement(someBytes(600_000, 15)))
    await api.client.removeFile(id)
    expect(api.library.get(id)).toBeUndefined()
    expect((await api.client.files()).rows).toEqual([])
  })

  test('a fetch that finds nobody can be seen, and ended', async () => {
    const api = await startFileApi({ folder: newFolder() })
    const id = `sha256:${'d'.repeat(64)}`
    expect(await api.client.fetchFile(id)).toMatchObject({
      state: 'remote',
      progress: { bytes: 0 }
    })
    expect(await api.client.file(id)).toMatchObject({ holders: 0, progress: { bytes: 0 } })
    await expect(api.client.fetchFile(id, { peers: ['/ip4/1.2.3.4/tcp/5'] })).rejects.toMatchObject(
      {
        code: 'FIELD_INVALID'
      }
    )
    await expect(
      api.client.announceFile({ ...announcement(someBytes(5)), pin: false })
    ).resolves.toBeDefined()
  })
})
