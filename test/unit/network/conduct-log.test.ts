/** What a node's log says of peers that misbehave: enough to notice, and never more than a few lines a minute. */
import { beforeEach, expect, test } from 'vitest'
import { ConductLog } from '../../../src/network/guard/conduct-log.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { createLogger } from '../../../src/observe/logger.ts'
import type { NetworkCounts, ShunListener } from '../../../src/network/mesh-node.ts'

const MINUTE_MS = 60_000
let clock: FakeClock
let counts: NetworkCounts
let shun: ShunListener
let lines: Record<string, unknown>[]
let log: ConductLog

beforeEach(async () => {
  clock = new FakeClock()
  counts = {
    conduct: { offences: {}, shuns: 0, shunned: 0 },
    refused: { shunned: 0, excess: 0, pending: 0, strangers: 0 },
    stored: { peers: 5, providers: 5, dropped: 0 },
    relay: undefined
  }
  lines = []
  const logger = createLogger({ format: 'json', write: (line) => lines.push(JSON.parse(line)) })
  const node = { counts: () => counts, onShunned: (listener: ShunListener) => (shun = listener) }
  log = new ConductLog({ clock, logger, node })
  await log.start()
})

function said(): Record<string, unknown>[] {
  return lines.splice(0).map(({ level: _level, time: _time, ...fields }) => fields)
}

test('it tells what has grown, once a minute, and nothing where nothing has', () => {
  clock.advance(10 * MINUTE_MS)
  expect(said()).toEqual([])
  counts.conduct = { offences: { frame: 3, text: 1 }, shuns: 1, shunned: 1 }
  counts.refused.strangers = 4
  clock.advance(MINUTE_MS)
  const first = { 'offence.frame': 3, 'offence.text': 1, 'refused.strangers': 4, shuns: 1 }
  expect(said()).toEqual([{ msg: 'peers have misbehaved', ...first, shunned: 1 }])
  counts.conduct = { offences: { frame: 10, text: 1 }, shuns: 1, shunned: 0 }
  counts.stored = { peers: 900, providers: 900, dropped: 2 }
  clock.advance(5 * MINUTE_MS)
  const next = { 'offence.frame': 7, 'stored.dropped': 2, shunned: 0 }
  expect(said()).toEqual([{ msg: 'peers have misbehaved', ...next }])
})

test('a peer that is shunned has a line, a thousand of them have ten in a minute', () => {
  shun({ peer: 'a', offence: 'frame', leftMs: 60_000 })
  expect(said()).toEqual([{ msg: 'peer shunned', peer: 'a', offence: 'frame', forS: 60 }])
  for (let index = 0; index < 1_000; index += 1)
    shun({ peer: `p${index}`, offence: 'frame', leftMs: 1 })
  expect(said()).toHaveLength(9)
  clock.advance(MINUTE_MS)
  for (let index = 0; index < 1_000; index += 1)
    shun({ peer: `q${index}`, offence: 'frame', leftMs: 1 })
  expect(said()).toHaveLength(10)
})

test('what came last is told when it stops, which may be twice', async () => {
  counts.conduct.offences.flood = 2
  await log.stop()
  await log.stop()
  expect(said()).toEqual([{ msg: 'peers have misbehaved', 'offence.flood': 2, shunned: 0 }])
  expect(clock.timerCount).toBe(0)
})
