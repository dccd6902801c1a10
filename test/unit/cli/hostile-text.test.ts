/** Words of strangers (agents, labels, names, reasons, logs) in all that commands print. */
import { expect, test } from 'vitest'
import { LiveTable } from '../../../src/cli/live-table.ts'
import { Output } from '../../../src/cli/output.ts'
import { runCli } from '../../../src/cli/run-cli.ts'
import { printableLines } from '../../../src/core/plain-text.ts'
import { fakeTerminal, runInProcess } from '../../support/fake-terminal.ts'
import { startWithHome } from '../../support/api-with-home.ts'
import {
  buildAttemptView,
  buildHistoryRow,
  buildItemView,
  buildJobView,
  buildLog,
  buildPeerEvent,
  exampleOf
} from '../../support/fake-api-services.ts'
import type { RunningApi } from '../../support/start-api.ts'

const HOSTILE = 'x\u001b[2J\u001b]0;mine\u0007\u009b2J\u202e\r\nFORGED line'

/** By which our own table is taken off the screen. */
// oxlint-disable-next-line no-control-regex
const REDRAWN = /\u001b\[\d+A\u001b\[0J/g

/** Every text that somebody else may have chosen. */
function spoil({ services }: RunningApi): void {
  const { attributes, ...node } = exampleOf('api/node') as unknown as Record<string, object>
  services.nodeView = {
    ...node,
    ...(attributes === undefined ? {} : { attributes }),
    labels: { [`k${HOSTILE}`]: HOSTILE },
    agent: HOSTILE,
    reason: HOSTILE
  } as unknown as typeof services.nodeView
  const job = buildJobView({
    name: HOSTILE,
    state: 'failed',
    labels: { [HOSTILE]: HOSTILE },
    result: HOSTILE,
    logs: HOSTILE,
    error: { code: 'TASK_FAILED', message: HOSTILE, hint: HOSTILE, task_code: HOSTILE }
  })
  services.jobsById.clear()
  services.jobsById.set(job.id, job)
  services.itemViews = [buildItemView({ id: HOSTILE, result: HOSTILE, state: 'failed' })]
  services.attemptViews = [buildAttemptView({ item: HOSTILE, reason: HOSTILE })]
  services.historyRows = [buildHistoryRow({ text: HOSTILE, hint: HOSTILE })]
  services.files.list = () => [{ ...exampleOf('api/file'), name: HOSTILE }]
  services.peers.list = () => [{ ...exampleOf('api/peer'), agent: HOSTILE }]
  services.logView = buildLog({
    item: HOSTILE,
    entries: [{ ms: 1, stream: 'out', text: HOSTILE } as never]
  })
}

test.each([
  ['node', 'list'],
  ['node', 'list', '-o', 'wide'],
  ['node', 'describe', 'x'],
  ['job', 'list', '-o', 'wide'],
  ['job', 'describe', 'j'],
  ['job', 'items', 'j', '-o', 'wide'],
  ['job', 'attempts', 'j', '-o', 'wide'],
  ['job', 'history', 'j', '-o', 'wide'],
  ['files', 'ls'],
  ['peers'],
  ['job', 'logs', 'j'],
  ['node', 'list', '--json'],
  ['job', 'list', '-o', 'jsonl'],
  ['job', 'list', '-o', 'csv']
])('steer no terminal: taskmesh %s %s %s', async (...words) => {
  const api = await startWithHome()
  spoil(api)
  const { stderr, stdout } = await runInProcess([...words], {
    env: api.env,
    isTTY: true,
    isStderrTTY: true
  })
  expect(`${stdout}${stderr}`).toContain('mine')
  expect(printableLines(stdout)).toBe(stdout)
  expect(printableLines(stderr)).toBe(stderr)
  // Only of a log, and of a table for other programs, the lines are a stranger's own.
  const hasOwnLines = words[1] === 'logs' || words.includes('csv')
  expect(/^FORGED/m.test(stdout)).toBe(hasOwnLines)
})

test.each([['events'], ['peers', '--watch']])(
  'nor does what comes live: taskmesh %s',
  async (...words) => {
    const { env, services } = await startWithHome()
    const controller = new AbortController()
    const terminal = fakeTerminal({ env, isTTY: true, signal: controller.signal })
    const run = runCli(words, terminal)
    await expect.poll(() => services.watcherCount).toBe(1)
    const peer = { ...exampleOf('api/peer'), agent: HOSTILE }
    services.emit(buildPeerEvent({ peer_view: peer, text: HOSTILE, reason: HOSTILE }))
    await expect.poll(() => terminal.stdout.text).toContain('FORGED')
    controller.abort(new Error('interrupted'))
    await run
    const text = terminal.stdout.text.replaceAll(REDRAWN, '')
    expect(printableLines(text)).toBe(text)
    expect(text).not.toMatch(/^FORGED/m)
  }
)

test('a table that is redrawn, and the lines above it, steer none either', () => {
  const terminal = fakeTerminal({ isTTY: true })
  const table = new LiveTable(terminal.stdout, () => HOSTILE)
  table.above(HOSTILE)
  table.draw()
  expect(printableLines(terminal.stdout.text)).toBe(terminal.stdout.text)
})

test('what a task has left is given to the byte where no terminal is', () => {
  const plain = fakeTerminal({})
  new Output(plain, { format: 'table', isQuiet: false }).content(Buffer.from(HOSTILE))
  expect(plain.stdout.text).toBe(HOSTILE)
  const shown = fakeTerminal({ isTTY: true })
  new Output(shown, { format: 'table', isQuiet: false }).content(Buffer.from(HOSTILE))
  expect(shown.stdout.text).toBe(printableLines(HOSTILE))
})
