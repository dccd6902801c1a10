/** The real probe on this machine, and with threads and processes that go wrong. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { threadId } from 'node:worker_threads'
import { afterEach, expect, it, vi } from 'vitest'
import { systemClock } from '../../../src/core/clock.ts'
import { messageOf } from '../../../src/core/errors.ts'
import { ThreadHostProbe } from '../../../src/host/thread-host-probe.ts'

const WAYWARD = new URL('./wayward-thread.ts', import.meta.url)
const SHORT_LIVED = fileURLToPath(new URL('./short-lived-node.ts', import.meta.url))

let probe: ThreadHostProbe
afterEach(() => probe.close())

it('looks at this machine from another thread', async () => {
  probe = new ThreadHostProbe()
  const facts = await probe.probe()
  expect(facts.threadId).not.toBe(threadId)
  expect(facts.threadId).toBeGreaterThan(0)
  expect(facts.hostCores).toBeGreaterThan(0)
  expect(facts.memory.totalBytes).toBeGreaterThan(0)
  expect(facts.disk?.totalBytes).toBeGreaterThan(0)
  expect(facts.cpuWindow?.wallMs).toBeGreaterThan(0)
  const again = await probe.probe()
  expect(again.threadId).toBe(facts.threadId)
})

it('measures by itself how much the machine has slowed down, where it is told to', async () => {
  probe = new ThreadHostProbe({ measuresSlowdown: true })
  expect(probe.slowdown).toBe(1)
  await probe.probe()
  await vi.waitUntil(() => probe.slowdown !== 1, { timeout: 30_000 })
  expect(probe.slowdown).toBeGreaterThan(1)
})

it('knows a clock rate, whether or not the machine tells one', async () => {
  probe = new ThreadHostProbe()
  expect((await probe.probe()).cpuSpeedGhz).toBeGreaterThan(0.05)
})

it('looks at the graphics cards of this machine', async () => {
  probe = new ThreadHostProbe()
  expect(Array.isArray(await probe.probeGpus())).toBe(true)
})

it('says nothing of the disk when the directory is not there', async () => {
  probe = new ThreadHostProbe({ directory: '/nonexistent/directory' })
  const facts = await probe.probe()
  expect(facts.disk).toBeUndefined()
  expect(facts.memory.totalBytes).toBeGreaterThan(0)
})

it('leaves the timers of the node alone while its thread is blocked', async () => {
  probe = new ThreadHostProbe({ directory: 'blocks', threadUrl: WAYWARD })
  let ticks = 0
  const cancel = systemClock.every(5, () => (ticks += 1))
  await probe.probe()
  cancel()
  // 300 ms leave room for 60 ticks; a busy machine loses some, a blocked loop all but one.
  expect(ticks).toBeGreaterThan(3)
})

it.each([
  ['crashes', 'the thread crashed'],
  ['exits', 'the thread ended with 3'],
  ['refuses', 'no figures today']
])('rejects, and may be asked again, when its thread %s', async (directory, message) => {
  probe = new ThreadHostProbe({ directory, threadUrl: WAYWARD })
  await expect(probe.probe()).rejects.toThrow(message)
  await expect(probe.probe()).rejects.toThrow(message)
})

it('gives up on a thread that hangs when told to', async () => {
  probe = new ThreadHostProbe({ directory: 'hangs', threadUrl: WAYWARD })
  const controller = new AbortController()
  const looking = probe.probe({ signal: controller.signal })
  controller.abort(new Error('long enough'))
  await expect(looking).rejects.toThrow('long enough')
})

it('ends a look that is under way when it is closed, and may be closed twice', async () => {
  probe = new ThreadHostProbe({ directory: 'hangs', threadUrl: WAYWARD })
  const looking = probe.probe().catch(messageOf)
  await probe.close()
  expect(await looking).toBe('the probe was closed')
  await probe.close()
})

it('kills the process that looks for graphics cards when told to', async () => {
  probe = new ThreadHostProbe({ gpuUrl: new URL('./stuck-process.ts', import.meta.url) })
  const controller = new AbortController()
  const looking = probe.probeGpus({ signal: controller.signal })
  controller.abort()
  await expect(looking).rejects.toThrow('aborted')
})

it('holds the process until the node has started, and not a moment longer', async () => {
  probe = new ThreadHostProbe()
  const { stdout } = await promisify(execFile)(process.execPath, [SHORT_LIVED])
  expect(stdout).toBe('started\n')
})
