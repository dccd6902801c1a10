/** The dashboard's pages of the mesh, its workers and files, walked through in a real browser against a live mesh. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { Browser, HAS_CHROMIUM } from '../support/browser.ts'
import { LiveMesh, slowJob, untilWorkersReady } from '../support/live-mesh.ts'
import { buildPages } from '../support/built-pages.ts'
import { shareOverTests, temporaryHome } from '../support/spawn-taskmesh.ts'
import { manifestOf } from '../../src/files/content/manifest.ts'
import { until } from '../support/until.ts'
import type { ApiClient } from '../../src/client/api-client.ts'
import type { Page } from 'playwright-core'

const FILE = 'report.txt'
const TEXT = 'what the report says\n'

shareOverTests()

describe.skipIf(!HAS_CHROMIUM)('the dashboard of a live mesh', () => {
  let browser: Browser
  let page: Page
  let client: ApiClient
  let workerId = ''

  beforeAll(async () => {
    const [{ mesh }] = await Promise.all([LiveMesh.start(), buildPages()])
    const folder = join(temporaryHome(), 'shared')
    mkdirSync(folder)
    writeFileSync(join(folder, FILE), TEXT)
    const [berlin, router] = await Promise.all([
      mesh.worker('berlin', '--label', 'zone=home', '--slots', '2'),
      mesh.router(),
      mesh.worker('paris', '--label', 'zone=lab', '--slots', '2'),
      mesh.share('archive', folder)
    ])
    workerId = berlin.report.peer_id
    client = router.client
    await untilWorkersReady(client, 2)
    const { token, url } = JSON.parse(
      readFileSync(join(router.report.folder, 'api.json'), 'utf8')
    ) as { token: string; url: string }
    browser = await Browser.start()
    page = browser.page
    await page.goto(`${url}/#token=${token}`)
    await page.locator('.connection[data-state=live]:visible').waitFor()
  })

  const open = async (name: string): Promise<void> => {
    await page.getByRole('navigation').getByRole('link', { name }).click()
    await page.getByRole('heading', { level: 1, name }).waitFor()
  }
  const row = (text: string) => page.locator('.grid-row', { hasText: text })

  test('the overview counts workers and tasks as they come, and lists what failed', async () => {
    await open('Overview')
    const stat = (name: string) => page.locator('.stat', { hasText: name })
    await stat('Workers').getByText('all ready').waitFor()
    const slow = await client.submit(slowJob(6, 400))
    await client.submit({
      name: 'broken',
      task: { engine: 'javascript', source: 'function main () { throw new Error("on purpose") }' }
    })
    await page.locator('.failed-jobs').getByRole('link', { name: 'broken' }).waitFor()
    await client.wait(slow.id)
    await until(
      'completed tasks',
      () => stat('Completed').locator('dd').first().textContent(),
      (text) => Number(text) >= 6
    )
    await page.locator('.plot canvas').first().waitFor()
    await page.getByRole('button', { name: '1 hour' }).click()
    expect(page.url()).toContain('span=1h')
    await page.getByRole('button', { name: 'Tables' }).click()
    await page.getByRole('table', { name: 'Throughput' }).waitFor()
    await page.getByRole('button', { name: 'Tables' }).click()
    expect(await browser.inspect('overview')).toEqual([])
  })

  test('the mesh is a picture and a list, each showing what is chosen in the other', async () => {
    await open('Mesh')
    const list = page.getByRole('grid', { name: 'Nodes' })
    await list.getByText('berlin').waitFor()
    await list.focus()
    await page.keyboard.press('Home')
    await page.locator('.mesh-details').waitFor()
    await list.getByText('paris').click()
    const details = page.getByRole('region', { name: 'Node paris' })
    await details.getByText('router').first().waitFor()
    expect(page.url()).toContain('node=')
    expect(await browser.inspect('mesh')).toEqual([])

    await details.getByRole('button', { name: 'Close details' }).click()
    await page.getByRole('searchbox', { name: 'Find nodes' }).fill('berlin')
    await until(
      'one node that fits',
      () => list.getAttribute('aria-rowcount'),
      (count) => count === '2'
    )
    for (const name of ['Enlarge', 'Reduce', 'Lay out anew', 'Show all']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await page.getByRole('button', { name }).click()
    }
  })

  test('workers are found by what they have, and one of them is cordoned and opened again', async () => {
    await open('Workers')
    await row('berlin').waitFor()
    await row('paris').waitFor()
    expect(await browser.inspect('workers')).toEqual([])
    await page.getByRole('searchbox').fill('label:zone=home')
    await row('paris').waitFor({ state: 'detached' })
    await row('berlin').getByRole('link').click()
    await page.getByRole('heading', { level: 1, name: 'berlin' }).waitFor()
    expect(await browser.inspect('worker')).toEqual([])

    await page.getByRole('button', { name: 'Cordon…' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('textbox').fill('a kernel update')
    expect(await browser.axe()).toEqual([])
    await dialog.getByRole('button', { name: 'Cordon' }).click()
    await page.locator('.page-header').getByText('cordoned').waitFor()
    expect((await client.node(workerId)).state).toBe('cordoned')
    await page.getByRole('button', { name: 'Open again' }).click()
    await page.locator('.page-header').getByText('ready').waitFor()
  })

  test("a worker's page says what was seen of it, with which tasks, and why it was passed over", async () => {
    await page.getByRole('tab', { name: 'Reputation' }).click()
    await page.getByText('completed in time').waitFor()
    await page.locator('.score .range').waitFor()
    expect(await browser.inspect('worker-reputation')).toEqual([])
    await page.getByRole('tab', { name: 'Tasks' }).click()
    await page.locator('.grid-row').first().waitFor()
    expect(await browser.axe()).toEqual([])
    await page.getByRole('tab', { name: 'Passed over' }).click()
    await page.getByText(/Looked at|No router had to decide/).waitFor()
    expect(await browser.axe()).toEqual([])
  })

  test('a file of another node is fetched, pinned, checked and deleted again', async () => {
    await open('Files')
    await row(FILE).getByText('elsewhere').waitFor()
    expect(await browser.inspect('files')).toEqual([])
    await row(FILE).getByRole('link').click()
    await page.getByRole('heading', { level: 1, name: FILE }).waitFor()
    await page.getByRole('button', { name: 'Fetch' }).click()
    await page.locator('.facts').getByText('here', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Pin…' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Pin' }).click()
    await page.getByRole('button', { name: 'Unpin' }).waitFor()
    expect(await browser.inspect('file')).toEqual([])
    await page.getByRole('button', { name: 'Verify' }).click()
    await page.getByText(`${FILE} is right`).waitFor()

    const saving = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Save' }).click()
    const download = await saving
    expect(download.suggestedFilename()).toBe(FILE)
    expect(readFileSync(await download.path(), 'utf8')).toBe(TEXT)

    await page.getByRole('button', { name: 'Delete here…' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete here' }).click()
    await page.locator('.facts').getByText('elsewhere').waitFor()
  })

  test('a file of this machine is handed in piece by piece, and is what it was', async () => {
    await open('Files')
    // Two pieces, and a part of one.
    const bytes = Buffer.alloc(600_000, 'all that is to be kept. ')
    const chosen = { name: 'kept.bin', mimeType: 'application/octet-stream', buffer: bytes }
    await page.locator('input[type=file]').setInputFiles(chosen)
    await page.getByRole('heading', { level: 1, name: 'kept.bin' }).waitFor()
    const [id = ''] = /sha256:[0-9a-f]{64}/.exec(decodeURIComponent(page.url())) ?? []
    expect(id).toBe(manifestOf(bytes).id)
    expect((await client.file(id)).state).toBe('complete')
  })

  test('a page that is opened by its address stands by itself, and an unknown one says so', async () => {
    await page.goto(page.url().replace(/\/files.*/, '/workers/nobody-of-that-name'))
    await page.getByText('NODE_NOT_FOUND').waitFor()
    await page.goto(page.url().replace('nobody-of-that-name', `${workerId.slice(-8)}/reputation`))
    await page.getByRole('heading', { level: 1, name: 'berlin' }).waitFor()
    expect(await page.title()).toContain('berlin')
  })

  test('and nothing was complained of', () => {
    // What the browser itself says of the page that was asked for and is not there.
    const own = browser.complaints.filter((line) => !line.includes('nobody-of-that-name'))
    expect(own).toEqual([])
  })
})
