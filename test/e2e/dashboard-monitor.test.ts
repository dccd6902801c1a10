/** The dashboard of a monitor in a real browser: before there is a router, with two of them, acting at one, and when one is gone. */
import { join } from 'node:path'
import { readFileSync } from 'node:fs'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Browser, HAS_CHROMIUM } from '../support/browser.ts'
import { buildPages } from '../support/built-pages.ts'
import { runInProcess } from '../support/fake-terminal.ts'
import { shareOverTests, startTaskmesh, temporaryHome } from '../support/spawn-taskmesh.ts'
import type { Locator, Page } from 'playwright-core'
import type { RunningTaskmesh } from '../support/running-taskmesh.ts'

interface Api {
  url: string
  token: string
}

/** Routers are found by themselves, in rounds. */
const FOUND = { timeout: 60_000 }
/** What the browser itself writes of refusals, and of a stream that broke off. */
const REFUSED = /status of (401|502|503)|ERR_INCOMPLETE_CHUNKED_ENCODING/

shareOverTests()

describe.skipIf(!HAS_CHROMIUM)('the dashboard of a monitor', () => {
  let browser: Browser
  let page: Page
  let monitor: Api
  let start: (...words: string[]) => RunningTaskmesh
  let way: string[]
  let south: RunningTaskmesh
  let northToken = ''
  let northPath = ''
  /** Whom tokens of routers were shown. */
  const shownTo = new Set<string>()

  beforeAll(async () => {
    const env = { TASKMESH_HOME: temporaryHome() }
    await Promise.all([runInProcess(['init'], { env }), buildPages()])
    start = (...words) => startTaskmesh([...words, '--json'], { env })
    const own = await start('monitor', '--name', 'watch', '--web-port', '0').report()
    way = ['--bootstrap', own.addresses[0] ?? '', '--listen', '/ip4/127.0.0.1/tcp/0']
    monitor = apiOf(own.folder)
    browser = await Browser.start()
    ;({ page } = browser)
    page.on('request', (request) => {
      if (request.headers()['router-authorization'] === undefined) return
      shownTo.add(new URL(request.url()).pathname.split('/').slice(0, 4).join('/'))
    })
    await page.goto(`${monitor.url}/#token=${monitor.token}`)
    await page.locator('.connection[data-state=live]:visible').waitFor()
  })

  afterEach(() => {
    const complaints = browser.complaints.splice(0).filter((line) => !REFUSED.test(line))
    if (complaints.length > 0) throw new Error(complaints.join('\n'))
  })

  const open = async (name: string): Promise<void> =>
    await page.getByRole('navigation').getByRole('link', { name }).click()
  const heading = (name: string): Locator => page.getByRole('heading', { name, exact: true })
  const look = async (name: string): Promise<void> => {
    await page.getByLabel('Looking at').selectOption({ label: name })
    await page.locator('.connection[data-state=live]:visible').waitFor()
  }
  const actAs = async (token: string): Promise<Locator> => {
    await page.locator('.router-choice').getByRole('button', { name: 'Act as…' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Token of north').fill(token)
    await dialog.getByRole('button', { name: 'Act with it' }).click()
    return dialog
  }

  test('without a router it shows itself, and says what is missing', async () => {
    await page.getByText('No router found yet').waitFor()
    expect(await browser.inspect('monitor-alone')).toEqual([])
    await open('Mesh')
    await page.getByRole('grid', { name: 'Nodes' }).getByText('watch').waitFor()
    for (const place of ['Workers', 'Jobs', 'Files']) {
      // oxlint-disable-next-line no-await-in-loop -- one page after the other
      await open(place)
      // oxlint-disable-next-line no-await-in-loop
      await heading('No router yet').waitFor()
    }
    expect(await browser.inspect('monitor-no-jobs')).toEqual([])
  })

  test('shows a router as soon as there is one, and changes to another on the same page', async () => {
    south = start('router', '--name', 'south', '--http', '127.0.0.1:0', ...way)
    const north = start('router', '--name', 'north', '--http', '127.0.0.1:0', ...way)
    start('worker', '--name', 'amber', '--slots', '2', ...way)
    const report = await north.report()
    northToken = apiOf(report.folder).token
    northPath = `/v1/routers/${report.peer_id}`
    const choice = page.getByLabel('Looking at')
    for (const label of ['north', 'south']) {
      // oxlint-disable-next-line no-await-in-loop
      await choice.locator('option', { hasText: label }).waitFor({ ...FOUND, state: 'attached' })
    }
    await open('Jobs')
    await look('south')
    await heading('No jobs yet').waitFor()
    await look('north')
    await heading('No jobs yet').waitFor()
    await page.getByText('You only look at it.').waitFor()
    await open('Workers')
    await page.locator('.grid-row', { hasText: 'amber' }).waitFor(FOUND)
    await look('This monitor')
    await heading('A monitor has none of its own').waitFor()
    await page.getByRole('main').getByRole('button', { name: 'north' }).click()
    await page.locator('.grid-row', { hasText: 'amber' }).waitFor()
    expect(await browser.inspect('monitor-router')).toEqual([])
  })

  test('acts at a router with a token of its own, and with no other', async () => {
    await open('Jobs')
    const dialog = await actAs(monitor.token)
    await dialog.getByText('This is no token of north.').waitFor()
    expect(await browser.axe()).toEqual([])
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    expect(await page.getByRole('link', { name: 'New job' }).count()).toBe(0)

    await actAs(northToken)
    await page.getByText('You may do everything.').waitFor()
    await page.getByRole('link', { name: 'New job' }).waitFor()
    await look('south')
    await page.getByText('You only look at it.').waitFor()
    await look('north')
    await page.getByText('You may do everything.').waitFor()
    await open('Workers')
    await page.locator('.grid-row', { hasText: 'amber' }).getByRole('link').click()
    await page.getByRole('button', { name: 'Drain…' }).click()
    await dialog.getByLabel('What runs may go on for').selectOption('30 minutes')
    expect(await browser.axe()).toEqual([])
    await dialog.getByRole('button', { name: 'Drain' }).click()
    await page.getByText('amber is draining').waitFor()
    expect([...shownTo]).toEqual([northPath])
  })

  test('makes a token that is shown once, which opens the router until it is revoked', async () => {
    await open('Security')
    await heading('Tokens and security').waitFor()
    await page.getByRole('button', { name: 'New token' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('For whom').fill('anna')
    await dialog.getByLabel('Scope').selectOption('operate')
    await dialog.getByRole('button', { name: 'Make it' }).click()
    const made = (await dialog.locator('.made-token .cut').textContent()) ?? ''
    expect(await browser.axe()).toEqual([])
    await dialog.getByRole('button', { name: 'Done' }).click()
    const row = page.getByRole('row', { name: /anna/ })
    await row.getByText('operate').waitFor()
    expect(await page.content()).not.toContain(made)
    expect(await browser.inspect('security')).toEqual([])

    // Whoever acts with it has it taken away from themselves.
    await page.getByRole('button', { name: 'Put its token away' }).click()
    await heading('This is for those who operate the mesh').waitFor()
    await actAs(made)
    await row.getByRole('button', { name: /^Revoke/ }).click()
    await dialog.getByRole('button', { name: 'Revoke' }).click()
    await page.getByText(/This router's token is not the one/).waitFor()
    await page.getByText('You only look at it.').waitFor()
    expect(await page.evaluate(() => sessionStorage.getItem('taskmesh.router-tokens'))).toBe('{}')
  })

  test('says that a router is gone, while the others are still there', async () => {
    await open('Jobs')
    await look('south')
    south.process.kill('SIGKILL')
    await page.getByText('Router south does not answer.').waitFor(FOUND)
    expect(await browser.inspect('monitor-outage')).toEqual([])
    await page.getByRole('button', { name: 'Look at north' }).click()
    await heading('No jobs yet').waitFor()
    await page.locator('.connection[data-state=live]:visible').waitFor()
  })

  test('forgets tokens of routers on signing out', async () => {
    await actAs(northToken)
    await page.getByText('You may do everything.').waitFor()
    await page.locator('.side').getByRole('button', { name: 'Sign out' }).click()
    await heading('Sign in').waitFor()
    const kept = await page.evaluate(() => JSON.stringify(sessionStorage))
    expect(kept).not.toContain(northToken)
    expect(kept).not.toContain(monitor.token)
  })
})

function apiOf(folder: string): Api {
  return JSON.parse(readFileSync(join(folder, 'api.json'), 'utf8')) as Api
}
