/** The pages of the dashboard beside the API: who gets them, how, and that nothing else of the machine is given out. */
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { Pages } from '../../../src/http/pages.ts'
import { problemOf, startApi } from '../../support/start-api.ts'
import type { RunningApi } from '../../support/start-api.ts'

const INDEX =
  '<html><head><base href="./" /><script src="./assets/app-1a.js"></script></head></html>'
const SCRIPT = `console.log(${'1 + '.repeat(999)}1)`

/** As a build leaves it. */
function built(
  files: Record<string, string> = { 'index.html': INDEX, 'assets/app-1a.js': SCRIPT }
): string {
  const folder = mkdtempSync(join(tmpdir(), 'pages-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(join(folder, 'dashboard', 'assets'), { recursive: true })
  writeFileSync(join(folder, 'secret.txt'), 'of the machine')
  for (const [name, text] of Object.entries(files))
    writeFileSync(join(folder, 'dashboard', name), text)
  return join(folder, 'dashboard')
}

const startWith = (folder: string): Promise<RunningApi> =>
  startApi({ pages: new Pages(pathToFileURL(`${folder}/`)) })

const get = (api: RunningApi, path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${api.url}${path}`, { redirect: 'error', ...init })

test('every path that is not of the API is the page, without a token, with its files as far up as they are', async () => {
  const api = await startWith(built())
  for (const [path, base] of [
    ['/', './'],
    ['/jobs?q=a.b', './'],
    ['/jobs/j-1', '../'],
    ['/workers/12D3/tasks', '../../']
  ]) {
    const response = await get(api, path as string)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(await response.text()).toBe(INDEX.replace('"./"', `"${base}"`))
  }
})

test('its policy lets nothing in from elsewhere, and it is shown in no other page', async () => {
  const { headers } = await get(await startWith(built()), '/')
  const policy = headers.get('content-security-policy') ?? ''
  expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'")
  expect(policy).toContain("frame-ancestors 'none'")
  expect(policy).not.toMatch(/unsafe|\*|https?:/)
  expect(headers.get('x-frame-options')).toBe('DENY')
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  expect(headers.get('referrer-policy')).toBe('no-referrer')
})

test('files are kept for ever, the page is asked for again; both are packed, and not sent twice', async () => {
  const api = await startWith(built())
  const file = await get(api, '/assets/app-1a.js', { headers: { 'accept-encoding': 'identity' } })
  expect(file.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
  expect(file.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
  expect(await file.text()).toBe(SCRIPT)
  const page = await get(api, '/')
  expect(page.headers.get('cache-control')).toBe('no-cache')
  expect(page.headers.get('vary')).toBe('accept-encoding')
  const again = await get(api, '/', {
    headers: { 'if-none-match': page.headers.get('etag') ?? '' }
  })
  expect([again.status, await again.text()]).toEqual([304, ''])
  for (const [accepted, name, unpack] of [
    ['gzip;q=0.5, br', 'br', brotliDecompressSync],
    ['br;q=0, gzip', 'gzip', gunzipSync]
  ] as const) {
    const bytes = await api.raw(
      `GET /assets/app-1a.js HTTP/1.1\r\nhost: localhost\r\naccept-encoding: ${accepted}\r\nconnection: close\r\n\r\n`
    )
    expect(bytes).toContain(`content-encoding: ${name}`)
    // Its bytes are no text: fetch unpacks them by itself.
    const { headers } = await get(api, '/assets/app-1a.js', {
      headers: { 'accept-encoding': accepted }
    })
    expect(headers.get('content-encoding')).toBe(name)
    expect(unpack).toBeTypeOf('function')
    const length = Number(headers.get('content-length'))
    expect(length).toBeLessThan(SCRIPT.length / 4)
  }
})

test('HEAD says what GET would, without a body', async () => {
  const api = await startWith(built())
  const response = await get(api, '/jobs', { method: 'HEAD' })
  expect(response.status).toBe(200)
  expect(Number(response.headers.get('content-length'))).toBeGreaterThan(50)
  expect(await response.text()).toBe('')
})

test('no path leads out of the folder, and a file that is not there is no page', async () => {
  const api = await startWith(built())
  for (const path of [
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/assets/../../secret.txt',
    '/assets/%2e%2e/%2e%2e/secret.txt',
    '//secret.txt',
    '/assets/none.js',
    '/favicon.ico'
  ]) {
    // By hand: clients tidy such paths up.
    const answer = await api.raw(
      `GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`
    )
    expect(answer).not.toContain('of the machine')
  }
  expect((await get(api, '/assets/none.js')).status).toBe(404)
  expect((await get(api, '/favicon.ico')).status).toBe(404)
})

test('a link from elsewhere leads to the page, and to nothing of the API', async () => {
  const api = await startWith(built())
  const headers = { 'sec-fetch-site': 'cross-site' }
  expect((await get(api, '/jobs', { headers })).status).toBe(200)
  expect((await api.call('/v1/jobs', { headers })).status).toBe(403)
  const foreign = await api.raw('GET / HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n')
  expect(foreign).toContain('421')
})

test('of the API nothing changes: what it does not have it says as before', async () => {
  const api = await startWith(built())
  expect((await get(api, '/v1/jobs')).status).toBe(401)
  expect((await get(api, '/v1')).status).toBe(401)
  expect((await get(api, '/v1?x')).status).toBe(401)
  expect(await problemOf(await api.call('/v1/nope'))).toMatchObject({ code: 'NOT_FOUND' })
  expect((await api.post('/jobs', {})).status).toBe(404)
})

test('what is not built says how it is built, and is given out as soon as it is', async () => {
  const folder = built({})
  const api = await startWith(folder)
  const missing = await get(api, '/')
  expect(missing.status).toBe(503)
  expect(await missing.text()).toContain('npm run build')
  writeFileSync(join(folder, 'index.html'), '<html>one</html>')
  expect(await (await get(api, '/')).text()).toBe('<html>one</html>')
  writeFileSync(join(folder, 'index.html'), '<html>two</html>')
  utimesSync(join(folder, 'index.html'), 1, 1)
  expect(await (await get(api, '/')).text()).toBe('<html>two</html>')
})

test('without pages there is the API alone', async () => {
  const api = await startApi()
  expect((await get(api, '/')).status).toBe(401)
  expect(await problemOf(await api.call('/'))).toMatchObject({ code: 'NOT_FOUND' })
})
