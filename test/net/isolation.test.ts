/** The world itself: its gateways are gateways, its cables can be pulled. Without this the other tests would prove nothing. */
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { buildWorld } from './world.ts'
import { systemClock } from '../../src/core/clock.ts'
import type { Host } from './host.ts'

const PROBE = fileURLToPath(new URL('programs/probe.ts', import.meta.url))
const PORT = 4_000

const world = buildWorld()
const [first, second] = [world.host('first'), world.host('second')]
const [homeA, homeB] = [world.lan('a'), world.lan('b')]
const [laptop, neighbour, stranger] = [
  homeA.host('laptop'),
  homeA.host('neighbour'),
  homeB.host('stranger')
]

beforeAll(async () => {
  await Promise.all([first, second, laptop, neighbour].map(serve))
})

async function serve(host: Host): Promise<void> {
  const server = host.startScript(PROBE, 'serve', `${PORT}`)
  await server.until(() => server.stdout.includes('listening'), 'probe that listens')
}

/** What a machine is told by another, or why it is told nothing. */
async function ask(from: Host, address: string, localPort = 0): Promise<string> {
  const probe = from.startScript(PROBE, 'ask', `${localPort}`, address, `${PORT}`)
  await probe.ended()
  return probe.stdout.trim()
}

/** As which port of its gateway a machine is seen by one and by another. */
async function seenPorts(localPort: number): Promise<(string | undefined)[]> {
  const answers = [
    await ask(laptop, first.address, localPort),
    await ask(laptop, second.address, localPort)
  ]
  return answers.map((answer) => answer.split(' ')[1])
}

test('public machines reach each other, by IPv4 and IPv6', async () => {
  expect(await ask(first, second.address)).toContain(first.address)
  expect(await ask(first, second.address6 ?? '')).toContain(first.address6)
})

describe('a gateway', () => {
  test('lets its machines out, which are seen by its own address', async () => {
    expect(await ask(laptop, first.address)).toContain(`${homeA.gateway.address} `)
    expect(await ask(laptop, neighbour.address)).toContain(laptop.address)
  })

  test('lets nobody in, by whatever address', async () => {
    const tries = [
      ask(first, homeA.gateway.address),
      ask(first, laptop.address),
      ask(stranger, laptop.address),
      ask(stranger, homeA.gateway.address)
    ]
    expect(await Promise.all(tries)).toEqual(tries.map(() => 'silence'))
  })

  test('shows one port to all as a cone, and to each another one where it is symmetric', async () => {
    expect(await seenPorts(21_001)).toEqual(['21001', '21001'])
    homeA.setNat('symmetric')
    const [one, other] = await seenPorts(21_002)
    expect(one).toMatch(/^\d+$/)
    expect(other).not.toBe(one)
  })

  test('that rejects answers what comes unasked', async () => {
    homeA.setNat('rejecting')
    expect(await ask(first, homeA.gateway.address)).toBe('ECONNREFUSED')
    expect(await ask(first, laptop.address)).toBe('silence')
  })
})

test('a cable that is pulled ends no connection, and what was said meanwhile arrives later', async () => {
  const line = stranger.startScript(PROBE, 'hold', first.address, `${PORT}`)
  await line.until(() => line.stdout.includes('\n'), 'greeting')
  stranger.cut()
  line.process.stdin?.write('meanwhile\n')
  expect(await ask(stranger, first.address)).toMatch(/silence|EHOSTUNREACH/)
  expect(line.stdout).not.toMatch(/meanwhile|closed/)
  stranger.mend()
  await line.until(() => line.stdout.includes('meanwhile'), 'what was said')
})

test('a slow link takes its time', async () => {
  second.limitRate('8mbit')
  const beganAtMs = systemClock.monotonicMs()
  const probe = second.startScript(PROBE, 'pour', first.address, `${PORT}`, '500000')
  expect(await probe.ended()).toBe(0)
  // What goes through at once, 64 KiB, is not counted.
  expect(Number(probe.stdout)).toBeGreaterThan(400)
  expect(systemClock.monotonicMs() - beganAtMs).toBeGreaterThan(400)
})
