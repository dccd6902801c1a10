/** Jobs in the dashboard, in a real browser, against a live mesh: seen, searched, opened, acted upon, by pointer and by keys. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Browser, HAS_CHROMIUM } from '../support/browser.ts'
import { LiveMesh, slowJob, untilWorkersReady } from '../support/live-mesh.ts'
import { shareOverTests } from '../support/spawn-taskmesh.ts'
import type { ApiClient } from '../../src/client/api-client.ts'
import type { Locator, Page } from 'playwright-core'

const TASK_SOURCE = `function main (name) {
  console.log('hello ' + name)
  console.error('\\u001b[31mcareful\\u001b[0m')
  return { greeting: 'hello ' + name, parts: [1, 2, 3] }
}`

const LONG_LOG_SOURCE = `function main () {
  for (let number = 0; number < 5000; number++) console.log('line ' + number)
}`
/** A screen of them, and some beyond. */
const LOG_LINES_DRAWN_MAX = 100

const MARKUP = '<img src=x onerror="window.wasRun = true">'
const HOSTILE_SOURCE = `function main (text) {
  console.log(text)
  console.error('<script>window.wasRun = true</script>')
  if (text.length > 99) return text
  throw new Error(text)
}`

describe.skipIf(!HAS_CHROMIUM)('jobs in the dashboard', () => {
  shareOverTests()
  let browser: Browser
  let client: ApiClient
  let url = ''
  let token = ''
  const ids = { hello: '', broken: '', frames: '', waiting: '' }
  let page: Page
  const heading = (name: string): Locator => page.getByRole('heading', { level: 1, name })
  const grid = (name: string): Locator => page.getByRole('grid', { name })

  beforeAll(async () => {
    const { mesh } = await LiveMesh.start()
    const [router] = await Promise.all([
      mesh.router(),
      mesh.worker('amber', '--slots', '2'),
      mesh.worker('birch', '--slots', '1')
    ])
    client = router.client
    ;({ token, url } = JSON.parse(readFileSync(join(router.report.folder, 'api.json'), 'utf8')))
    await untilWorkersReady(client, 2)
    const submit = async (document: object): Promise<string> => (await client.submit(document)).id
    ids.hello = await submit({
      name: 'hello',
      labels: { team: 'web' },
      task: { engine: 'javascript', source: TASK_SOURCE, input: 'mesh' }
    })
    ids.broken = await submit({
      name: 'broken',
      task: { engine: 'javascript', source: 'function main () { throw new Error("no frame") }' }
    })
    await Promise.all([client.wait(ids.hello), client.wait(ids.broken)])
    ids.frames = await submit({ ...slowJob(2_000, 500), name: 'frames', labels: { team: 'media' } })
    ids.waiting = await submit({
      name: 'nowhere',
      task: { engine: 'builtin', name: 'sleep', args: { ms: 1 } },
      where: { require: ['labels.zone = moon'] }
    })
    browser = await Browser.start()
    ;({ page } = browser)
  })

  afterEach(() => {
    const complaints = browser.complaints.splice(0)
    if (complaints.length > 0) throw new Error(complaints.join('\n'))
  })

  test('a token in the fragment opens it, and does not stay in the address', async () => {
    await page.goto(`${url}/jobs#token=${token}`)
    await heading('Jobs').waitFor()
    await page.getByText('Live', { exact: true }).filter({ visible: true }).waitFor()
    expect(page.url()).not.toContain(token)
    expect(await page.title()).toBe('Jobs · taskmesh')
    await grid('Jobs').getByText('frames').waitFor()
    expect(await browser.inspect('jobs')).toEqual([])
  })

  test('the table is filtered and searched by the router, and says when nothing fits', async () => {
    await page
      .getByRole('group', { name: 'State' })
      .getByRole('button', { name: /^failed/ })
      .click()
    await grid('Jobs').getByText('broken').waitFor()
    await grid('Jobs').getByText('frames').waitFor({ state: 'detached' })
    expect(page.url()).toContain('state=failed')
    await page.getByRole('button', { name: 'All', exact: true }).click()
    await page.keyboard.press('Escape')
    await page.getByLabel('Label, as key=value').fill('team=media')
    await grid('Jobs').getByText('frames').waitFor()
    await grid('Jobs').getByText('broken').waitFor({ state: 'detached' })
    await page.getByLabel('Label, as key=value').fill('')
    await page.getByLabel('Search jobs by name or id').fill('hell')
    await grid('Jobs').getByText('hello').waitFor()
    await grid('Jobs').getByText('frames').waitFor({ state: 'detached' })
    await page.getByLabel('Search jobs by name or id').fill('there is none')
    await page.getByText('No job fits').waitFor()
    await page.getByRole('link', { name: 'Show all jobs' }).click()
    await grid('Jobs').getByText('frames').waitFor()
  })

  test('keys lead to the search, through the table, into a job and back', async () => {
    await page.locator('body').press('/')
    await page.keyboard.type('broken')
    await grid('Jobs').getByText('hello').waitFor({ state: 'detached' })
    await grid('Jobs').getByText('broken').waitFor()
    await grid('Jobs').focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await heading('broken').waitFor()
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('H1')
    expect(await page.title()).toBe('broken · taskmesh')
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
    expect(await browser.axe()).toEqual([])
    await page.keyboard.press('Escape')
    await page.keyboard.press('g')
    await page.keyboard.press('j')
    await heading('Jobs').waitFor()
  })

  test('new jobs wait above the table while somebody points at it', async () => {
    await grid('Jobs').getByText('frames').hover()
    const before = await grid('Jobs').getByText('frames').boundingBox()
    const { id } = await client.submit({
      name: 'fresh',
      task: { engine: 'builtin', name: 'sleep', args: { ms: 1 } }
    })
    const pill = page.getByRole('button', { name: '1 new job' })
    await pill.waitFor()
    expect(await grid('Jobs').getByText('frames').boundingBox()).toEqual(before)
    await pill.click()
    await grid('Jobs').getByText(id).waitFor()
  })

  test('the timeline shows attempts, what became of them, and one of them whole', async () => {
    await page.goto(`${url}/jobs/${ids.frames}`)
    const attempts = grid('Attempts on one scale of time')
    await attempts.getByText('i0', { exact: true }).waitFor()
    expect(await attempts.getByRole('img').first().getAttribute('aria-label')).toMatch(/waited|way/)
    expect(await browser.inspect('job-timeline')).toEqual([])
    await attempts.getByText('i0', { exact: true }).click()
    const dialog = page.getByRole('dialog', { name: 'Attempt 1 of item i0' })
    await dialog.getByText('OFFERED', { exact: true }).waitFor()
    expect(await browser.inspect('job-attempt')).toEqual([])
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
  })

  test('a failed job says by what, and whom it is blamed on', async () => {
    await page.goto(`${url}/jobs/${ids.broken}`)
    await page
      .getByText(/no frame/)
      .first()
      .waitFor()
    await page.getByText('TASK_FAILED').first().waitFor()
    expect(await browser.inspect('job-failed')).toEqual([])
  })

  test('tabs are walked by arrows, and each is its own address', async () => {
    await page.goto(`${url}/jobs/${ids.hello}/timeline`)
    await page.getByRole('tab', { name: 'Timeline' }).focus()
    for (const name of ['Items', 'Logs', 'Placement', 'Receipts', 'Document']) {
      await page.keyboard.press('ArrowRight')
      await page.getByRole('tab', { name, selected: true }).waitFor()
      expect(page.url()).toContain(`/jobs/${ids.hello}/${name.toLowerCase()}`)
    }
  })

  test('items have their results, logs their lines and colours', async () => {
    await page.goto(`${url}/jobs/${ids.hello}/items`)
    await grid('Items').getByText('completed').click()
    await page.getByRole('dialog', { name: 'Item 0' }).getByText('hello mesh').waitFor()
    expect(await browser.inspect('job-item')).toEqual([])
    await page.getByRole('dialog').getByRole('link', { name: 'Logs' }).click()
    const log = page.getByRole('log', { name: 'Log' })
    await log.getByText('hello mesh').waitFor()
    expect(await log.getByText('careful').getAttribute('class')).toBe('ansi-red')
    await page.getByText('ended', { exact: true }).waitFor()
    expect(await browser.inspect('job-logs')).toEqual([])
    await page.getByLabel('Search the log').fill('careful')
    await log.getByText('hello mesh').waitFor({ state: 'detached' })
  })

  test('a placement shows whom it considered; where nobody fits, that it waits', async () => {
    await page.goto(`${url}/jobs/${ids.hello}/placement`)
    await page.getByRole('heading', { name: 'What each would cost' }).waitFor()
    expect(await page.getByText('chosen', { exact: true }).count()).toBe(1)
    expect(await browser.inspect('job-placement')).toEqual([])
    await page.goto(`${url}/jobs/${ids.waiting}/placement`)
    await page.getByText('Nobody was chosen yet').waitFor()
  })

  test('receipts are checked in the browser', async () => {
    await page.goto(`${url}/jobs/${ids.hello}/receipts`)
    await page.getByText('both signatures hold').waitFor()
    expect(await browser.inspect('job-receipts')).toEqual([])
    await page.getByRole('tab', { name: 'Document' }).click()
    await page.getByText('As it was submitted').waitFor()
    expect(await browser.inspect('job-document')).toEqual([])
  })

  test('a job is held and stopped after a question that says what it means', async () => {
    await page.goto(`${url}/jobs/${ids.frames}`)
    await page.getByRole('button', { name: 'Hold' }).click()
    const question = page.getByRole('dialog', { name: 'Hold this job?' })
    await question.waitFor()
    expect(await browser.inspect('job-question')).toEqual([])
    await page.keyboard.press('Escape')
    await question.waitFor({ state: 'detached' })
    expect((await client.job(ids.frames)).on_hold).toBe(false)
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByLabel('Reason').fill('seen enough')
    await page.getByRole('button', { name: 'Stop job' }).click()
    await page.getByRole('button', { name: 'Run again' }).waitFor()
    expect(await client.job(ids.frames)).toMatchObject({ state: 'stopped' })
  })

  test('of a long log the lines in sight are drawn, and what is found is shown where it stands', async () => {
    const { id } = await client.submit({
      name: 'long log',
      task: { engine: 'javascript', source: LONG_LOG_SOURCE }
    })
    await client.wait(id)
    await page.goto(`${url}/jobs/${id}/logs`)
    const log = page.getByRole('log', { name: 'Log' })
    await log.getByText('line 4999', { exact: true }).waitFor()
    expect(await log.locator('.log-line').count()).toBeLessThan(LOG_LINES_DRAWN_MAX)
    await page.getByText('5,000 lines').waitFor()
    await page.getByLabel('Search the log').fill('LINE 2345')
    await page.getByText('1 of 5,000 lines').waitFor()
    expect(await log.locator('mark').allTextContents()).toEqual(['line 2345'])
    await log.getByRole('button', { name: /^Line 2346/ }).click()
    await log.getByText('line 2340', { exact: true }).waitFor()
    await log.getByText('line 2345', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'To the end' }).click()
    await log.getByText('line 4999', { exact: true }).waitFor()
  })

  test('all jobs of a filter are acted upon at once, after a question that counts them', async () => {
    const document = {
      ...slowJob(1, 1),
      labels: { batch: 'bulk' },
      where: { require: ['labels.zone = moon'] }
    }
    const made = await Promise.all([client.submit(document), client.submit(document)])
    await page.goto(`${url}/jobs?label=batch%3Dbulk`)
    await page.getByRole('button', { name: 'All that fit…' }).click()
    const all = page.getByRole('dialog', { name: 'All jobs that fit' })
    await all.getByRole('button', { name: 'Hold: 2' }).waitFor()
    expect(await all.getByRole('button', { name: 'Run again: 0' }).isDisabled()).toBe(true)
    expect(await browser.inspect('jobs-bulk')).toEqual([])
    await all.getByRole('button', { name: 'Stop: 2' }).click()
    await page.getByLabel('Reason').fill('not wanted')
    await page.getByRole('button', { name: 'Stop: 2 jobs' }).click()
    await page.getByText('Stop: 2 of 2 jobs').waitFor()
    const ended = await Promise.all(made.map(({ id }) => client.wait(id)))
    expect(ended.map(({ state }) => state)).toEqual(['stopped', 'stopped'])
  })

  test('a job says how the same is done in a terminal', async () => {
    await page.goto(`${url}/jobs/${ids.hello}`)
    await page.getByRole('button', { name: 'Commands' }).click()
    const dialog = page.getByRole('dialog', { name: 'Commands' })
    await dialog.getByText(`taskmesh job explain ${ids.hello}`).waitFor()
    await dialog.getByText(`${url}/v1/jobs/${ids.hello}`).waitFor()
    expect(await dialog.textContent()).not.toContain(token)
    expect(await browser.inspect('job-commands')).toEqual([])
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
  })

  test('a job is written, looked at without running it, and handed in', async () => {
    await page.goto(`${url}/jobs/new`)
    const text = page.getByLabel('The job, as JSON')
    await text.fill('{ nonsense')
    await page.getByRole('button', { name: 'Check' }).click()
    await page.getByText('REQUEST_NOT_JSON').waitFor()
    await page.getByRole('button', { name: 'one task' }).click()
    await page.getByRole('button', { name: 'Check' }).click()
    await page.getByText('can start', { exact: true }).waitFor()
    expect(await browser.inspect('job-new')).toEqual([])
    await text.press('Control+Enter')
    await heading('hello').waitFor()
    await page.getByText('completed', { exact: true }).first().waitFor()
  })

  test('what a job says of itself is text on every page, and never markup', async () => {
    const task = { engine: 'javascript', source: HOSTILE_SOURCE, input: MARKUP }
    const each = [{ id: 'short' }, { id: 'long', input: MARKUP.padEnd(120, '!') }]
    const { id } = await client.submit({ name: MARKUP, task, each })
    await client.wait(id)
    const tabs = ['', '/items', '/logs', '/placement', '/receipts', '/document']
    for (const path of ['/', '/jobs', ...tabs.map((tab) => `/jobs/${id}${tab}`)]) {
      // oxlint-disable-next-line no-await-in-loop -- one page shows one at a time
      await page.goto(`${url}${path}`, { waitUntil: 'domcontentloaded' })
      await page.getByText(MARKUP).first().waitFor()
      expect(await page.locator('main :is(img, script, iframe)').count()).toBe(0)
      expect(await page.evaluate('window.wasRun')).toBeUndefined()
    }
  })
})
