/** The client library in a real tab: the example's page, built as its README says, as a peer of a mesh over WebSockets. */
import { createServer } from 'node:http'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { extname, join } from 'node:path'
import { tmpdir } from 'node:os'
import { build } from 'vite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Browser, HAS_CHROMIUM } from '../support/browser.ts'
import { LIBRARY_NAMESPACE, startLibraryMesh } from '../support/library-mesh.ts'
import { PROJECT } from '../support/running-taskmesh.ts'
import type { AddressInfo } from 'node:net'
import type { LibraryMesh } from '../support/library-mesh.ts'
import type { Server } from 'node:http'

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript'
}

const folder = mkdtempSync(join(tmpdir(), 'tab-'))
const warnings: string[] = []
let mesh: LibraryMesh
let server: Server

beforeAll(async () => {
  mesh = await startLibraryMesh({}, ['/ip4/127.0.0.1/tcp/0/ws'])
  await build({
    configFile: false,
    root: join(PROJECT, 'examples/browser'),
    logLevel: 'silent',
    // From the source, as this checkout may not have been built.
    resolve: { conditions: ['taskmesh-source', 'browser', 'module', 'import'] },
    build: {
      outDir: folder,
      target: 'esnext',
      minify: false,
      rolldownOptions: { onwarn: ({ message }) => void warnings.push(message) }
    }
  })
  server = createServer((request, response) => {
    const path = request.url === '/' ? '/index.html' : (request.url ?? '')
    response.setHeader('content-type', TYPES[extname(path)] ?? 'text/plain')
    response.setHeader(
      'content-security-policy',
      "default-src 'self'; connect-src 'self' ws://127.0.0.1:*"
    )
    response.end(path === '/favicon.ico' ? '' : readFileSync(join(folder, path)))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
})

afterAll(async () => {
  server.close()
  await mesh.stop()
  rmSync(folder, { recursive: true, force: true })
})

test('nothing of Node.js is in what a bundler takes of it', () => {
  expect(warnings.filter((text) => /externalized|node:/.test(text))).toEqual([])
})

test.skipIf(!HAS_CHROMIUM)(
  'a tab joins, has a job run, watches it, and gets a file that it verified',
  async () => {
    const { complaints, page } = await Browser.start()
    const { port } = server.address() as AddressInfo
    const [address = ''] = mesh.bootstrap.report.addresses
    const words = new URLSearchParams({ address, namespace: LIBRARY_NAMESPACE, numbers: '3 4 5' })
    await page.goto(`http://127.0.0.1:${port}/#${words.toString()}`)
    await page.getByRole('button').click()
    const last = page.locator('li.done, li.failed')
    await last.waitFor()
    const lines = await page.locator('li').allTextContents()
    expect(lines[0]).toMatch(/^joined as 12D3KooW/)
    expect(lines).toContain('job:ended: completed 3 of 3')
    expect(await last.textContent()).toMatch(/^sha256:[0-9a-f]{64} says 9 16 25$/)
    expect(complaints).toEqual([])
  }
)
