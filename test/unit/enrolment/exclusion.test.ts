/** What a node that was banned says of it in its own log. */
import { beforeEach, expect, test } from 'vitest'
import { Exclusion } from '../../../src/enrolment/exclusion.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { MeshError } from '../../../src/core/errors.ts'
import { bannedError } from '../../../src/membership/members.ts'
import { createLogger } from '../../../src/observe/logger.ts'

const BANNED = bannedError('me', { sub: 'me', reason: 'stolen' })
let clock: FakeClock
let lines: string[]
let exclusion: Exclusion

beforeEach(() => {
  clock = new FakeClock()
  lines = []
  const logger = createLogger({ format: 'json', write: (line) => lines.push(line) })
  exclusion = new Exclusion({ clock, logger })
})

function said(): { level: number; msg: string }[] {
  return lines.splice(0).map((line) => JSON.parse(line) as { level: number; msg: string })
}

test('a ban is told once, whoever says so and how often, with the reason and what to do', () => {
  for (let time = 0; time < 3; time += 1) {
    exclusion.refused('a', BANNED)
    exclusion.refused('b', BANNED)
    clock.advance(600_000)
  }
  expect(said()).toMatchObject([
    {
      level: 50,
      msg: 'kept out of the mesh',
      toldBy: 'a',
      why: expect.stringContaining('stolen'),
      hint: expect.stringContaining('taskmesh node pardon me')
    }
  ])
})

test('who came by a token that was revoked needs a new one, and no pardon of its own', () => {
  exclusion.refused('a', bannedError('me', { sub: 'token' }))
  expect(said()).toMatchObject([
    { why: expect.stringContaining('me'), hint: expect.stringContaining('--join') }
  ])
})

test('who has not heard of the ban yet changes nothing, who has takes it back', () => {
  exclusion.refused('a', BANNED)
  exclusion.welcomed('late')
  exclusion.refused('a', BANNED)
  expect(said()).toHaveLength(1)
  exclusion.welcomed('a')
  exclusion.welcomed('a')
  expect(said()).toMatchObject([{ level: 30, msg: 'let into the mesh again' }])
})

test('who has not heard of the pardon yet is no news, a second ban is', () => {
  exclusion.refused('a', BANNED)
  exclusion.welcomed('a')
  said()
  exclusion.refused('b', BANNED)
  clock.advance(59_000)
  exclusion.welcomed('b')
  expect(said()).toEqual([])
  clock.advance(60_000)
  exclusion.refused('a', BANNED)
  expect(said()).toMatchObject([{ level: 50 }])
})

test('other refusals are no ban', () => {
  for (const code of ['NOT_A_MEMBER', 'TOO_MANY_REQUESTS', 'PEER_UNREACHABLE'] as const) {
    exclusion.refused('a', new MeshError(code, ''))
  }
  expect(said()).toEqual([])
})
