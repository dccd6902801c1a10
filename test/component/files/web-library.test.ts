/** Files from the web, over real TLS on loopback: each once, checked, within bounds, and from nowhere it should not be. */
import { createHash } from 'node:crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import { join } from 'node:path'
import { readdirSync } from 'node:fs'
import { FakeClock } from '../../support/fake-clock.ts'
import { hasOpenssl, startTlsServer } from '../../support/tls-server.ts'
import { openLibrary, useFolders } from '../../support/open-library.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { until } from '../../support/until.ts'
import { WebLibrary } from '../../../src/files/web/web-library.ts'
import type { Clock } from '../../../src/core/clock.ts'
import type { FileLibrary } from '../../../src/files/store/library.ts'
import type { MeshError } from '../../../src/core/errors.ts'
import type { RequestListener, ServerResponse } from 'node:http'
import type { TlsServer } from '../../support/tls-server.ts'
import type { WebLibraryInit } from '../../../src/files/web/web-library.ts'

const newFolder = useFolders()
const BYTES = Buffer.alloc(300_000, 'web ')
const SHA = createHash('sha256').update(BYTES).digest('hex')

interface Site {
  server: TlsServer
  library: FileLibrary
  web: WebLibrary
  folder: string
  /** Paths that were asked for. */
  asked: string[]
  fetch: (path: string, more?: { sha256?: string; signal?: AbortSignal }) => Promise<string>
}

type SiteInit = Partial<Pick<WebLibraryInit, 'reach'>> & { budgetBytes?: number; clock?: Clock }

async function startSite(answer: RequestListener, init: SiteInit = {}): Promise<Site> {
  const { budgetBytes = 2 ** 24, clock = systemClock, reach = 'any' } = init
  const asked: string[] = []
  const server = await startTlsServer((request, response) => {
    asked.push(request.url ?? '')
    return answer(request, response)
  })
  const folder = newFolder()
  const library = await openLibrary(join(folder, 'files'), { budgetBytes })
  const web = await openWebLibrary(
    library,
    { folder: join(folder, 'web'), reach, ca: server.ca },
    clock
  )
  onTestFinished(server.stop)
  return {
    server,
    library,
    web,
    folder,
    asked,
    fetch: (path, { sha256 = SHA, signal } = {}) =>
      web.fetch({ url: server.url + path, sha256, path: 'inputs[1]' }, { keepMs: 60_000, signal })
  }
}

async function openWebLibrary(
  library: FileLibrary,
  init: WebLibraryInit,
  clock: Clock = systemClock
): Promise<WebLibrary> {
  const web = new WebLibrary({ clock, library, logger: silentLogger }, init)
  await web.start()
  onTestFinished(() => web.stop())
  return web
}

async function refusalOf(fetch: Promise<unknown>): Promise<MeshError> {
  return await fetch.then(
    () => expect.unreachable('it was not refused'),
    (cause: unknown) => cause as MeshError
  )
}

async function untilCount(list: readonly unknown[], count: number): Promise<void> {
  await until(
    'asked',
    () => list.length,
    (length) => length === count
  )
}

const serve = (_request: unknown, response: ServerResponse): void => void response.end(BYTES)

describe.skipIf(!hasOpenssl)(
  'with a certificate (which openssl makes: without it these are skipped)',
  () => {
    test('a file of the web becomes one of the mesh, and is kept', async () => {
      const { asked, fetch, folder, library } = await startSite(serve)
      const id = await fetch('/data/m%20x.bin?v=2')
      const entry = library.get(id)
      expect(entry).toMatchObject({ name: 'm x.bin', sizeBytes: BYTES.length, isComplete: true })
      expect(entry?.keptUntilMs).toBeGreaterThan(Date.now() + 50_000)
      expect(asked).toEqual(['/data/m%20x.bin?v=2'])
      expect(readdirSync(join(folder, 'web', 'parts'))).toEqual([])
    })

    test('it is not fetched again: not from elsewhere, not after a restart', async () => {
      const { asked, fetch, folder, library, server } = await startSite(serve)
      const id = await fetch('/one')
      expect(await fetch('/two')).toBe(id)
      const again = await openWebLibrary(library, { folder: join(folder, 'web'), reach: 'any' })
      const source = { url: `${server.url}/three`, sha256: SHA, path: 'x' }
      expect(await again.fetch(source, { keepMs: 1 })).toBe(id)
      expect(asked).toEqual(['/one'])
    })

    test('one that is gone from the library is fetched anew', async () => {
      const { asked, fetch, library } = await startSite(serve)
      await library.remove(await fetch('/one'))
      await fetch('/one')
      expect(asked).toHaveLength(2)
    })

    test('several who want it at once share one fetch, until the last of them has enough', async () => {
      const waiting: ServerResponse[] = []
      const { asked, fetch } = await startSite((_request, response) => void waiting.push(response))
      const [first, second] = [new AbortController(), new AbortController()]
      const fetches = [
        fetch('/a', { signal: first.signal }),
        fetch('/a', { signal: second.signal })
      ]
      await untilCount(waiting, 1)
      first.abort(new Error('enough'))
      await expect(fetches[0]).rejects.toThrow('enough')
      waiting[0]?.end(BYTES)
      await expect(fetches[1]).resolves.toMatch(/^sha256:/)
      expect(asked).toHaveLength(1)
    })

    test('who comes after the last has left begins anew', async () => {
      const waiting: ServerResponse[] = []
      const { fetch } = await startSite((_request, response) => void waiting.push(response))
      const controller = new AbortController()
      const left = fetch('/a', { signal: controller.signal })
      await untilCount(waiting, 1)
      controller.abort(new Error('enough'))
      await expect(left).rejects.toThrow('enough')
      const next = fetch('/a')
      await untilCount(waiting, 2)
      waiting[1]?.end(BYTES)
      await expect(next).resolves.toMatch(/^sha256:/)
    })

    test('what is something else is refused with both hashes, and not kept', async () => {
      const { fetch, folder, library } = await startSite(serve)
      const error = await refusalOf(fetch('/a', { sha256: 'a'.repeat(64) }))
      expect(error).toMatchObject({ code: 'FIELD_INVALID', path: 'inputs[1].sha256', blame: 'job' })
      expect(error.message).toContain(SHA)
      expect(error.message).toContain('a'.repeat(64))
      expect(library.totals().fileCount).toBe(0)
      expect(readdirSync(join(folder, 'web', 'parts'))).toEqual([])
    })

    test.each([
      [404, false],
      [403, false],
      [503, true],
      [429, true]
    ])('status %i: worth another try: %s', async (status, retryable) => {
      const { fetch } = await startSite(
        (_request, response) => void response.writeHead(status).end()
      )
      const error = await refusalOf(fetch('/a'))
      expect(error).toMatchObject({ code: 'FILE_UNAVAILABLE', path: 'inputs[1].from', retryable })
      expect(error.message).toContain(`status ${status}`)
    })

    test('it follows five redirects, and no more', async () => {
      const { asked, fetch } = await startSite((request, response) => {
        const left = Number(request.url?.slice(1))
        if (left === 0) response.end(BYTES)
        else response.writeHead(302, { location: `/${left - 1}` }).end()
      })
      expect(await fetch('/5')).toMatch(/^sha256:/)
      expect(asked).toHaveLength(6)
      const error = await refusalOf(fetch('/6', { sha256: 'b'.repeat(64) }))
      expect(error).toMatchObject({ code: 'FILE_UNAVAILABLE', retryable: false })
      expect(error.message).toContain('leads on more than 5 times')
    })

    test.each(['http://127.0.0.1:1/a', 'file:///etc/passwd', 'https://u:p@127.0.0.1/a', 'http:'])(
      'it does not follow to %s',
      async (location) => {
        const site = await startSite(
          (_request, response) => void response.writeHead(301, { location }).end()
        )
        const error = await refusalOf(site.fetch('/a'))
        expect(error).toMatchObject({ code: 'FILE_UNAVAILABLE', retryable: false })
        expect(error.message).toContain('no https: address')
      }
    )

    test('what breaks off is worth another try', async () => {
      const { fetch } = await startSite((_request, response) => {
        response.writeHead(200, { 'content-length': BYTES.length })
        response.write(BYTES.subarray(0, 1_000), () => response.destroy())
      })
      expect(await refusalOf(fetch('/a'))).toMatchObject({
        code: 'FILE_UNAVAILABLE',
        retryable: true
      })
    })

    test('a server that is silent for a minute is given up', async () => {
      const clock = new FakeClock()
      const waiting: ServerResponse[] = []
      const { fetch } = await startSite((_request, response) => void waiting.push(response), {
        clock
      })
      const refused = refusalOf(fetch('/a'))
      await untilCount(waiting, 1)
      clock.advance(60_000)
      expect(await refused).toMatchObject({ code: 'FILE_UNAVAILABLE', retryable: true })
      expect(clock.timerCount).toBe(0)
    })

    test('more than there is room for is refused by what the server says, before it comes', async () => {
      const { fetch } = await startSite(
        (_request, response) =>
          void response.writeHead(200, { 'content-length': 2 ** 30 }).write('x'),
        { budgetBytes: 100_000 }
      )
      const error = await refusalOf(fetch('/a'))
      expect(error).toMatchObject({ code: 'STORE_FULL', retryable: false, path: 'inputs[1].from' })
    })

    test('or as it comes, where the server says nothing', async () => {
      const { fetch, folder } = await startSite(
        (_request, response) => {
          response.write(BYTES)
        },
        { budgetBytes: 100_000 }
      )
      expect(await refusalOf(fetch('/a'))).toMatchObject({ code: 'STORE_FULL', retryable: false })
      expect(readdirSync(join(folder, 'web', 'parts'))).toEqual([])
    })

    test('nothing is asked of its own machine unless the owner lets it', async () => {
      const { asked, fetch, server, web } = await startSite(serve, { reach: 'public' })
      const error = await refusalOf(fetch('/a'))
      expect(error).toMatchObject({ code: 'FIELD_INVALID', path: 'inputs[1].from', blame: 'job' })
      expect(error.hint).toContain('--https-inputs any')
      // A name that leads there is no other way in.
      const url = server.url.replace('127.0.0.1', 'localhost')
      const named = await refusalOf(web.fetch({ url, sha256: SHA, path: 'x' }, { keepMs: 1 }))
      expect(named.message).toContain('its own network')
      expect(asked).toEqual([])
    })

    test('an owner may have nothing fetched at all', async () => {
      const { asked, fetch } = await startSite(serve, { reach: 'off' })
      expect((await refusalOf(fetch('/a'))).message).toContain('fetches nothing from the web')
      expect(asked).toEqual([])
    })

    test('a certificate of somebody else’s is not taken', async () => {
      const { folder, library, server } = await startSite(serve)
      const web = await openWebLibrary(library, { folder: join(folder, 'other'), reach: 'any' })
      const source = { url: `${server.url}/a`, sha256: SHA, path: 'x' }
      const error = await refusalOf(web.fetch(source, { keepMs: 1 }))
      expect(error.code).toBe('FILE_UNAVAILABLE')
      expect(error.message).toMatch(/certificate|self/i)
    })
  }
)
