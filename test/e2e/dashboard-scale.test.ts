/** The dashboard of a mesh of a thousand workers and a hundred thousand jobs: it draws what is in sight, and keeps up with what changes. */
import { beforeAll, describe, expect, test } from 'vitest'
import { ApiServer } from '../../src/http/server.ts'
import { BigMesh } from '../support/big-mesh.ts'
import { Browser, HAS_CHROMIUM } from '../support/browser.ts'
import { Pages } from '../../src/http/pages.ts'
import { buildPages } from '../support/built-pages.ts'
import { onceOver, shareOverTests } from '../support/spawn-taskmesh.ts'
import { until } from '../support/until.ts'

const TOKEN = 'a-token-for-tests'
/** Of a table's rows, whatever its length: a screen of them, and some beyond. */
const ROWS_MAX = 80
/** Of a whole page. */
const ELEMENTS_MAX = 3_000
/** Far above what it takes, far below what a leak of a few hundred updates would. */
const HEAP_GROWTH_MAX = 48 * 2 ** 20

shareOverTests()

describe.skipIf(!HAS_CHROMIUM)('the dashboard of a large mesh', () => {
  const mesh = new BigMesh()
  let browser: Browser
  let url = ''

  beforeAll(async () => {
    await buildPages()
    const server = new ApiServer(
      { services: mesh.services },
      { host: '127.0.0.1', port: 0, token: TOKEN, stopTimeoutMs: 100, pages: new Pages() }
    )
    await server.start()
    onceOver(async () => {
      mesh.stop()
      await server.stop()
    })
    url = server.address()
    browser = await Browser.start()
    await browser.page.goto(`${url}/#token=${TOKEN}`)
    await browser.page.locator('.connection[data-state=live]:visible').waitFor()
  })

  const open = async (name: string): Promise<void> => {
    await browser.page.getByRole('navigation').getByRole('link', { name }).click()
    await browser.page.getByRole('heading', { level: 1, name }).waitFor()
  }
  const rowCount = (): Promise<number> => browser.page.locator('.grid-row').count()
  const elementCount = (): Promise<number> => browser.page.locator('*').count()
  const heapBytes = async (): Promise<number> => {
    const session = await browser.page.context().newCDPSession(browser.page)
    await session.send('HeapProfiler.collectGarbage')
    const { usedSize } = (await session.send('Runtime.getHeapUsage')) as { usedSize: number }
    await session.detach()
    return usedSize
  }

  test('shows the numbers of all, and plots that grow', async () => {
    await open('Overview')
    const { page } = browser
    await page.locator('.stat', { hasText: 'Workers' }).getByText('unreachable').waitFor()
    await page.locator('.plot canvas').first().waitFor()
    expect(await page.locator('.plot').count()).toBe(8)
    expect(await elementCount()).toBeLessThan(ELEMENTS_MAX)
    mesh.changeWorker(0, { state: 'cordoned' })
    await page.getByText('1 cordoned').waitFor()
  })

  test('has a table of a thousand workers, and draws a screen of them', async () => {
    await open('Workers')
    const { page } = browser
    const grid = page.getByRole('grid', { name: 'Workers' })
    await grid.getByRole('link', { name: 'worker-0', exact: true }).waitFor()
    // They come some hundred at a time.
    await until(
      'a thousand workers',
      () => grid.getAttribute('aria-rowcount'),
      (count) => count === '1001'
    )
    expect(await rowCount()).toBeLessThan(ROWS_MAX)
    expect(await elementCount()).toBeLessThan(ELEMENTS_MAX)

    await grid.focus()
    await page.keyboard.press('End')
    await grid.getByRole('link', { name: 'worker-999', exact: true }).waitFor()
    expect(await rowCount()).toBeLessThan(ROWS_MAX)

    mesh.changeWorker(999, { state: 'unreachable' })
    await page.locator('.grid-row', { hasText: 'worker-999' }).getByText('unreachable').waitFor()

    await page.getByRole('searchbox', { name: 'Find workers' }).fill('worker-77 label:zone=office')
    await until(
      'rows that fit',
      () => grid.getAttribute('aria-rowcount'),
      (count) => count !== '1001'
    )
    expect(await page.locator('.grid-row').first().textContent()).toContain('worker-77')
  })

  test('pages through a hundred thousand jobs without holding a list of them', async () => {
    await open('Jobs')
    const { page } = browser
    const grid = page.getByRole('grid').first()
    await page.locator('.grid-row').first().waitFor()
    expect(await rowCount()).toBeLessThan(ROWS_MAX)
    await grid.focus()
    for (let time = 0; time < 5; time++) await page.keyboard.press('End')
    expect(await rowCount()).toBeLessThan(ROWS_MAX)
    expect(await elementCount()).toBeLessThan(ELEMENTS_MAX)
  })

  test('has the whole mesh in one picture, and as a list of which a screen is drawn', async () => {
    await open('Mesh')
    const { page } = browser
    await page.getByText('1,002 nodes').waitFor()
    const list = page.getByRole('grid', { name: 'Nodes' })
    expect(await list.getAttribute('aria-rowcount')).toBe('1003')
    expect(await rowCount()).toBeLessThan(ROWS_MAX)
    expect(await elementCount()).toBeLessThan(ELEMENTS_MAX)
    // Something was drawn: not all points of the canvas have one colour.
    const colours = await page.evaluate(() => {
      const canvas = document.querySelector('canvas')
      const { data = [] } =
        canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) ?? {}
      const found = new Set<number>()
      for (let at = 0; at < data.length; at += 4 * 97)
        found.add((data[at] ?? 0) * 256 + (data[at + 1] ?? 0))
      return found.size
    })
    expect(colours).toBeGreaterThan(5)
    mesh.removeWorker(500)
    await page.getByText('1,001 nodes').waitFor()
  })

  test('needs no more memory after hundreds of updates than after the first', async () => {
    await open('Workers')
    await browser.page.locator('.grid-row').first().waitFor()
    const before = await heapBytes()
    // Each message of the stream carries what several of these have changed.
    for (let round = 0; round < 5; round++) {
      for (let count = 0; count < 40; count++) mesh.stir({ workers: 10, jobs: 20 })
      const mark = 100_000 + round
      mesh.changeWorker(0, { slots: mark, running: 0 })
      // oxlint-disable-next-line no-await-in-loop -- one update after the other
      await browser.page.getByText(`0/${mark}`).first().waitFor()
    }
    expect((await heapBytes()) - before).toBeLessThan(HEAP_GROWTH_MAX)
  })

  test('and nothing was complained of', () => {
    expect(browser.complaints).toEqual([])
  })
})
