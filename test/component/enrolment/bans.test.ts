/** A ban reaches every node, whatever the mesh looks like, and whoever is banned is out at once. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { COMMAND_EXAMPLES } from '../../support/command-examples.ts'
import { createLogger } from '../../../src/observe/logger.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import { signNotice } from '../../../src/membership/notices.ts'
import { DAY_MS, buildDelegate, codeOf } from '../../support/build-authority.ts'
import { ClosedMesh, knows, meet } from '../../support/closed-mesh.ts'
import { RawSession } from '../../support/raw-session.ts'
import { until } from '../../support/spawn-mesh.ts'
import type { Member } from '../../support/closed-mesh.ts'
import type { MemberRole } from '../../../src/membership/documents.ts'

const OPTIONS = { timeoutMs: 10_000 }
const MINUTE_MS = 60_000
let mesh: ClosedMesh
let folder: string

beforeEach(() => {
  mesh = new ClosedMesh()
  folder = mkdtempSync(join(tmpdir(), 'taskmesh-bans-'))
})

afterEach(async () => {
  await mesh.stop()
  rmSync(folder, { recursive: true })
})

async function tell(to: Member, from: Member, ...notices: string[]): Promise<void> {
  await from.binding.ask(to.peer, 'SYNC_NOTICES', { digest: 'x', notices }, OPTIONS)
}

function isRevokedBy(node: Member, peer: string): boolean {
  try {
    node.access.requireMember(peer)
    return false
  } catch (cause) {
    return (cause as { code?: string }).code === 'REVOKED'
  }
}

async function addAll(roles: readonly MemberRole[]): Promise<Member[]> {
  return await Promise.all(roles.map(async (role) => await mesh.add(role)))
}

const SIX: readonly MemberRole[] = ['operator', 'bootstrap', 'router', 'worker', 'share', 'monitor']

describe('a ban', () => {
  it.each([
    ['a line', (index: number) => index - 1],
    ['a star', (_index: number) => 0]
  ])('reaches every node of %s within a minute', async (_name, neighbourOf) => {
    const nodes = await addAll(SIX)
    for (let index = 1; index < nodes.length; index += 1) {
      // oxlint-disable-next-line no-await-in-loop
      await meet(nodes[index] as Member, nodes[neighbourOf(index)] as Member)
    }
    const banned = await mesh.add('worker')
    const last = nodes.at(-1) as Member
    await tell(
      nodes[neighbourOf(nodes.length - 1)] as Member,
      last,
      await mesh.notice('ban', banned.peer)
    )
    const deaf = (): Member[] => nodes.filter((node) => !isRevokedBy(node, banned.peer))
    expect(deaf()).not.toEqual([])
    expect(await mesh.passUntil(() => deaf().length === 0)).toBeLessThanOrEqual(MINUTE_MS)
  })

  it('ends what is open at once, with a word of why, and lets nobody back in', async () => {
    const [router, operator] = [await mesh.add('router'), await mesh.add('operator')]
    let isAsked = false
    const work = async (): Promise<never> => {
      isAsked = true
      return await new Promise<never>(() => {})
    }
    const worker = await mesh.add('worker', { handlers: { EXECUTE_TASK: work } })
    await meet(operator, router)
    await meet(worker, router)
    const session = await router.sessions.open(worker.peer)
    const params = COMMAND_EXAMPLES.find(({ command }) => command === 'EXECUTE_TASK')?.params ?? {}
    const waiting = codeOf(session.request({ command: 'EXECUTE_TASK', params }, OPTIONS))
    await until(() => isAsked)
    const raw = await RawSession.open(worker, router)
    await tell(router, operator, await mesh.notice('ban', worker.peer))
    expect(await raw.goodbyeCode()).toBe('REVOKED')
    expect(session.isOpen).toBe(false)
    // To whoever waits for its answer, a worker that was banned is one that was lost.
    expect(await waiting).toBe('SESSION_CLOSED')
    await until(() => router.node.libp2p.getPeers().length === 1)
    expect(await codeOf(router.sessions.open(worker.peer))).toBe('REVOKED')
    await worker.node.dial(router.address)
    expect(await codeOf(worker.sessions.open(router.peer))).toBe('REVOKED')
    expect(knows(router, worker)).toBe(false)
  })

  it('is told to the owner of the node once, and so is that it was taken back', async () => {
    const lines: string[] = []
    const logger = createLogger({ format: 'json', write: (line) => lines.push(line) })
    const [router, operator] = [await mesh.add('router'), await mesh.add('operator')]
    const worker = await mesh.add('worker', { logger })
    await meet(operator, router)
    await tell(router, operator, await mesh.notice('ban', worker.peer))
    for (let visit = 0; visit < 3; visit += 1) {
      await worker.node.dial(router.address)
      expect(await codeOf(worker.access.introduce(router.peer))).toBe('REVOKED')
      await worker.node.libp2p.hangUp(router.node.libp2p.peerId)
    }
    mesh.clock.advance(1_000)
    await tell(router, operator, await mesh.notice('pardon', worker.peer))
    await meet(worker, router)
    const words = lines.map((line) => (JSON.parse(line) as { msg: string }).msg)
    expect(words).toEqual(['kept out of the mesh', 'let into the mesh again'])
    expect(lines[0]).toContain(`${worker.peer} was banned from the mesh`)
  })

  it('is known after a restart, with nobody to ask', async () => {
    const operator = await mesh.add('operator')
    const first = await mesh.add('router', { folder })
    const worker = await mesh.add('worker')
    await meet(operator, first)
    await tell(first, operator, await mesh.notice('ban', worker.peer))
    await first.stop()
    const second = await mesh.add('router', { folder, key: first.key })
    await worker.node.dial(second.address)
    expect(await codeOf(worker.sessions.open(second.peer))).toBe('REVOKED')
  })

  it('may be taken back, and the node is in again', async () => {
    const [router, operator] = [await mesh.add('router'), await mesh.add('operator')]
    const worker = await mesh.add('worker')
    await meet(operator, router)
    await tell(router, operator, await mesh.notice('ban', worker.peer))
    mesh.clock.advance(1_000)
    await tell(router, operator, await mesh.notice('pardon', worker.peer))
    await worker.node.dial(router.address)
    expect(await codeOf(worker.sessions.open(router.peer))).toBe('none')
  })

  it('that comes while notices are being compared is told as well', async () => {
    const [one, two, operator] = [
      await mesh.add('router'),
      await mesh.add('router'),
      await mesh.add('operator')
    ]
    await meet(one, two)
    await meet(operator, one)
    const banned = await Promise.all([mesh.add('worker'), mesh.add('worker'), mesh.add('worker')])
    // None of them waits for the exchange that the one before it has begun.
    await Promise.all(
      banned.map(async ({ peer }) => await tell(one, operator, await mesh.notice('ban', peer)))
    )
    await until(() => banned.every(({ peer }) => isRevokedBy(two, peer)))
    expect(banned.some((worker) => knows(two, worker))).toBe(false)
  })

  it('reaches a node that has hundreds of others to hear of first', async () => {
    const [one, operator] = [await mesh.add('router'), await mesh.add('operator')]
    await meet(operator, one)
    // Of the oldest one hears last.
    const banned = await mesh.add('worker')
    await tell(one, operator, await mesh.notice('ban', banned.peer))
    mesh.clock.advance(1_000)
    const subjects = Array.from({ length: 1_200 }, (_, index) => `token-${index + 10_000}`)
    const notices = await Promise.all(subjects.map(async (sub) => await mesh.notice('ban', sub)))
    await tell(one, operator, ...notices.slice(0, 1_000))
    await tell(one, operator, ...notices.slice(1_000))
    expect(subjects.length).toBeLessThan(LIMITS.noticesPerIssuerMax)
    const late = await mesh.add('worker')
    await meet(late, one)
    await until(() => isRevokedBy(late, banned.peer))
    expect(knows(late, banned)).toBe(false)
  })
})

describe('whoever floods with notices', () => {
  it('is heard less and less', async () => {
    const [router, client] = [await mesh.add('router'), await mesh.add('client')]
    await meet(client, router)
    const known = Array.from({ length: 10_000 }, (_, index) => `unknown-${index}`)
    const first = await client.binding.ask(
      router.peer,
      'SYNC_NOTICES',
      { digest: 'x', known },
      OPTIONS
    )
    expect(first.wanted).toHaveLength(1_000)
    const codes = await Promise.all(
      Array.from({ length: 60 }, async () =>
        codeOf(client.binding.ask(router.peer, 'SYNC_NOTICES', { digest: 'x' }, OPTIONS))
      )
    )
    expect(new Set(codes)).toContain('none')
    const more = await Promise.all(
      Array.from({ length: 60 }, async () =>
        codeOf(client.binding.ask(router.peer, 'SYNC_NOTICES', { digest: 'x' }, OPTIONS))
      )
    )
    expect(new Set(more)).toContain('TOO_MANY_REQUESTS')
  })

  it('gets nothing by ones that were signed by nobody', async () => {
    const [router, client] = [await mesh.add('router'), await mesh.add('client')]
    await meet(client, router)
    const other = new ClosedMesh()
    const forged = await other.notice('ban', router.peer)
    const told = client.binding.ask(
      router.peer,
      'SYNC_NOTICES',
      { digest: 'x', notices: [forged] },
      OPTIONS
    )
    expect(await codeOf(told)).toBe('MESH_MISMATCH')
    expect(knows(client, router)).toBe(true)
  })
})

describe('a bootstrap that was taken over', () => {
  it('is out with all whom it has let in, once the authority says so', async () => {
    const rogue = await buildDelegate(mesh.authority)
    const [router, operator] = [await mesh.add('router'), await mesh.add('operator')]
    await meet(operator, router)
    const { authority } = mesh
    const others = new ClosedMesh({ ...rogue.signatory, meshId: authority.meshId })
    try {
      const accomplice = await others.add('worker')
      await meet(accomplice, router)
      const ban = await signNotice(
        { sub: operator.peer, verdict: 'ban', nowMs: mesh.clock.wallMs() },
        rogue.signatory
      )
      await tell(router, accomplice, ban)
      await until(() => !knows(router, operator))
      // Another operator brings the authority's word.
      const second = await mesh.add('operator')
      await meet(second, router)
      await tell(router, second, await mesh.notice('ban', rogue.peer))
      await until(() => !knows(router, accomplice))
      expect(isRevokedBy(router, accomplice.peer)).toBe(true)
      await operator.node.dial(router.address)
      expect(await codeOf(operator.sessions.open(router.peer))).toBe('none')
    } finally {
      await others.stop()
    }
  })
})

it('a clock that is a day behind still takes the authority’s bans once it is right', async () => {
  const [router, operator] = [await mesh.add('router'), await mesh.add('operator')]
  await meet(operator, router)
  mesh.clock.jumpWall(DAY_MS)
  const ban = await mesh.notice('ban', 'some-token')
  mesh.clock.jumpWall(-DAY_MS)
  const digest = async (): Promise<string> =>
    (
      await operator.binding.ask(
        router.peer,
        'SYNC_NOTICES',
        { digest: 'x', notices: [ban] },
        OPTIONS
      )
    ).digest
  const before = await digest()
  mesh.clock.jumpWall(DAY_MS)
  expect(await digest()).not.toBe(before)
})
