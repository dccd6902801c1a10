/** The dashboard in a real browser: until something is seen, until all is there, and how evenly it is drawn while things change. */
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { chromium } from 'playwright-core'
import { ApiServer } from '../../src/http/server.ts'
import { BigMesh } from '../support/big-mesh.ts'
import { Pages } from '../../src/http/pages.ts'
import { buildPages } from '../support/built-pages.ts'
import { median, percentile } from './support/statistics.ts'
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import type { Bench, Prepared, Sample } from './support/bench.ts'

const CHROMIUM = '/usr/bin/chromium'
const TOKEN = 'a-token-for-benches'
const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run']
const FRAMES_MS = 2_000
const STIR_EVERY_MS = 200

/** What shows that a page is there with what it is about. */
const PAGES = [
  { variant: 'overview', path: '/', sign: '.plot canvas' },
  { variant: 'workers', path: '/workers', sign: '.grid-row' },
  { variant: 'jobs', path: '/jobs', sign: '.grid-row' },
  { variant: 'mesh', path: '/mesh', sign: '.mesh-canvas canvas' }
] as const

const EMPTY = 'empty page'
const SMALL = '5 workers, 100 jobs'
const LARGE = '1,000 workers, 100,000 jobs'

export const dashboardBench: Bench = {
  name: 'dashboard',
  title: 'pages in Chromium, opened anew, then two seconds of use while news come',
  notes: [
    'empty page: an element and its text from a server that does nothing else, in the same browser, which is the floor.',
    'The mesh is made up; the API, the live stream, the pages and the browser are real. No GPU: pictures are drawn by the processor.',
    'first paint: first contentful paint. there: what the page is about is in it. frame: between two drawn frames, 16.7 ms at 60 Hz.'
  ],
  columns: [
    { metric: 'paintMs', title: 'first paint ms', digits: 0 },
    { metric: 'thereMs', title: 'there ms', digits: 0 },
    { metric: 'frameMs', title: 'frame p50 ms', digits: 1 },
    { metric: 'frameP99Ms', title: 'frame p99 ms', digits: 1 },
    { metric: 'elements', title: 'elements', digits: 0 },
    { metric: 'heapMib', title: 'heap MiB', digits: 1 }
  ],
  primary: 'paintMs',
  reference: EMPTY,
  comparisons: PAGES.flatMap(({ variant }) => [
    {
      label: `${variant}: large over small, there`,
      metric: 'thereMs',
      variant,
      of: LARGE,
      to: SMALL
    },
    { label: `${variant}: frame p50 over empty`, metric: 'frameMs', variant, of: LARGE, to: EMPTY }
  ]),
  rounds: { quick: 2, full: 5 },
  warmUpRounds: 1,
  prepare
}

interface Site {
  url: string
  /** Something happens in the mesh. */
  stir: () => void
  stop: () => Promise<void>
}

async function prepare(): Promise<Prepared> {
  if (!existsSync(CHROMIUM)) {
    const skipped = [{ what: 'dashboard', why: `there is no ${CHROMIUM}` }]
    return { cells: [], skipped, stop: async () => {} }
  }
  await buildPages()
  const sites = new Map<string, Site>([
    [EMPTY, await emptySite()],
    [SMALL, await meshSite(5, 100)],
    [LARGE, await meshSite(1_000, 100_000)]
  ])
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS })
  const cells = PAGES.flatMap(({ path, sign, variant }) =>
    [...sites].map(([design, site]) => ({
      design,
      variant,
      measure: () => measure(browser, site, path, design === EMPTY ? 'h1' : sign)
    }))
  )
  const stop = async (): Promise<void> => {
    await browser.close()
    await Promise.all([...sites.values()].map((site) => site.stop()))
  }
  return { cells, skipped: [], stop }
}

async function emptySite(): Promise<Site> {
  const text = '<!doctype html><html lang="en"><title>empty</title><h1>empty</h1></html>'
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html')
    response.end(text)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const stop = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { url: `http://127.0.0.1:${port}`, stir: () => {}, stop }
}

async function meshSite(workerCount: number, jobCount: number): Promise<Site> {
  const mesh = new BigMesh({ workerCount, jobCount })
  const server = new ApiServer(
    { services: mesh.services },
    { host: '127.0.0.1', port: 0, token: TOKEN, stopTimeoutMs: 100, pages: new Pages() }
  )
  await server.start()
  const stop = async (): Promise<void> => {
    mesh.stop()
    await server.stop()
  }
  return { url: server.address(), stir: () => mesh.stir(), stop }
}

async function measure(browser: Browser, site: Site, path: string, sign: string): Promise<Sample> {
  const context = await browser.newContext({ viewport: { width: 1_280, height: 800 } })
  const timer = setInterval(site.stir, STIR_EVERY_MS)
  try {
    const page = await context.newPage()
    await page.goto(`${site.url}${path}#token=${TOKEN}`, { waitUntil: 'commit' })
    const there = await page.waitForFunction(
      (selector) => document.querySelector(selector) !== null && performance.now(),
      sign
    )
    const thereMs = Number(await there.jsonValue())
    const frames = await framesOf(page)
    return { thereMs, ...frames, ...(await figuresOf(page)) }
  } finally {
    clearInterval(timer)
    await context.close()
  }
}

/** How far apart frames are while the pointer wanders and the wheel turns. */
async function framesOf(page: Page): Promise<Sample> {
  const drawn = page.evaluate(
    (forMs) =>
      new Promise<number[]>((resolve) => {
        const gaps: number[] = []
        const startMs = performance.now()
        let beforeMs = startMs
        const onFrame = (nowMs: number): void => {
          gaps.push(nowMs - beforeMs)
          beforeMs = nowMs
          if (nowMs - startMs < forMs) requestAnimationFrame(onFrame)
          else resolve(gaps.slice(1))
        }
        requestAnimationFrame(onFrame)
      }),
    FRAMES_MS
  )
  for (let step = 0; step < 20; step++) {
    await page.mouse.move(400 + 20 * step, 300 + 8 * step)
    await page.mouse.wheel(0, 120)
  }
  const gaps = await drawn
  return { frameMs: median(gaps), frameP99Ms: percentile(gaps, 0.99) }
}

async function figuresOf(page: Page): Promise<Sample> {
  const paintMs = await page.evaluate(
    () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN
  )
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.collectGarbage')
  const { usedSize } = (await session.send('Runtime.getHeapUsage')) as { usedSize: number }
  return { paintMs, heapMib: usedSize / 2 ** 20, elements: await page.locator('*').count() }
}
