/** Who may say anything: certificates come first, both ways, and strangers are shown the door. */
import { afterEach, describe, expect, it } from 'vitest'
import { CERTIFICATE_MS } from '../../../src/membership/documents.ts'
import { DAY_MS, HOUR_MS, NOW_MS, buildAuthority, codeOf } from '../../support/build-authority.ts'
import { ClosedMesh, knows, meet } from '../../support/closed-mesh.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { PIECES_PROTOCOL_V1 } from '../../../src/protocol/ids.ts'
import { RawSession } from '../../support/raw-session.ts'
import { isCutOff } from '../../support/hostile-peer.ts'
import { issueCertificate } from '../../../src/membership/certificates.ts'
import { memberLink } from '../../../src/protocol/member-link.ts'
import { until } from '../../support/spawn-mesh.ts'
import type { SpawnedNode } from '../../support/spawn-mesh.ts'

const OPTIONS = { timeoutMs: 10_000 }
const meshes: ClosedMesh[] = []

afterEach(async () => {
  for (const mesh of meshes.splice(0)) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await mesh.stop()
  }
})

function build(...init: ConstructorParameters<typeof ClosedMesh>): ClosedMesh {
  const mesh = new ClosedMesh(...init)
  meshes.push(mesh)
  return mesh
}

async function ask(from: SpawnedNode, to: SpawnedNode): Promise<string> {
  return await codeOf(from.binding.ask(to.peer, 'SYNC_NOTICES', { digest: 'x' }, OPTIONS))
}

function isConnected(one: SpawnedNode, other: SpawnedNode): boolean {
  return one.node.libp2p.getPeers().map(String).includes(other.peer)
}

describe('two members', () => {
  it('know each other as soon as they are connected, by whoever dials', async () => {
    const mesh = build()
    const router = await mesh.add('router')
    const worker = await mesh.add('worker', { labels: { zone: 'lab' } })
    await meet(worker, router)
    expect(router.access.memberOf(worker.peer)).toMatchObject({
      role: 'worker',
      labels: { zone: 'lab' }
    })
    expect(worker.access.memberOf(router.peer)).toMatchObject({ role: 'router' })
    expect(await ask(router, worker)).toBe('none')
    expect(await ask(worker, router)).toBe('none')
  })

  it('know each other though libp2p cuts off a second connection by the same address', async () => {
    const mesh = build()
    const bootstrap = await mesh.add('bootstrap', { isOverTcp: true })
    const client = await mesh.add('client', { isOverTcp: true })
    await meet(client, bootstrap)
    await client.node.dial(bootstrap.address.slice(0, bootstrap.address.indexOf('/p2p/')))
    expect(await codeOf(client.access.introduce(bootstrap.peer))).toBe('none')
  })

  it('have a session, whoever opens it, even at the very moment of meeting', async () => {
    const mesh = build()
    const router = await mesh.add('router')
    const workers = [await mesh.add('worker'), await mesh.add('worker'), await mesh.add('worker')]
    const opened = workers.map(async (worker) => {
      await worker.node.dial(router.address)
      await until(() => knows(router, worker))
      // The worker may still wait for the answer to its introduction.
      return await Promise.all([
        router.sessions.open(worker.peer),
        worker.sessions.open(router.peer)
      ])
    })
    const sessions = (await Promise.all(opened)).flat()
    expect(sessions.every(({ isReady }) => isReady)).toBe(true)
  })

  it('meet once however many ask at once, and again after a new connection', async () => {
    const mesh = build()
    const [one, two] = [await mesh.add('router'), await mesh.add('worker')]
    await one.node.dial(two.address)
    await Promise.all(Array.from({ length: 30 }, () => one.access.introduce(two.peer)))
    await one.node.libp2p.hangUp(one.node.libp2p.getPeers()[0] as never)
    await until(() => !isConnected(two, one))
    await one.node.dial(two.address)
    expect(await ask(one, two)).toBe('none')
    expect(await ask(two, one)).toBe('none')
  })

  it('get on where the connection is lost while they meet', async () => {
    const mesh = build()
    const [one, two] = [await mesh.add('router'), await mesh.add('worker')]
    for (let round = 0; round < 5; round += 1) {
      // oxlint-disable-next-line no-await-in-loop
      await one.node.dial(two.address)
      const meeting = one.access.introduce(two.peer).catch(() => {})
      for (const each of one.node.libp2p.getConnections()) each.abort(new Error('cut'))
      // oxlint-disable-next-line no-await-in-loop
      await meeting
    }
    await one.node.dial(two.address)
    expect(await ask(one, two)).toBe('none')
    expect(await ask(two, one)).toBe('none')
  })

  it('get on after one of them was started anew', async () => {
    const mesh = build()
    const worker = await mesh.add('worker')
    const first = await mesh.add('router', { listen: '/memory/same-router' })
    await meet(worker, first)
    await worker.sessions.open(first.peer)
    await first.stop()
    const second = await mesh.add('router', { listen: '/memory/same-router', key: first.key })
    await worker.node.dial(second.address)
    expect((await worker.sessions.open(second.peer)).isReady).toBe(true)
    expect((await second.sessions.open(worker.peer)).isReady).toBe(true)
  })
})

describe('a stranger', () => {
  it('hears why it gets no session, no pieces and no answer', async () => {
    const mesh = build()
    const worker = await mesh.add('worker')
    await memberLink(worker.node, worker.access, 'REQUEST_PIECE').handle(
      PIECES_PROTOCOL_V1,
      () => {},
      { maxInboundStreams: 8 }
    )
    const stranger = await mesh.mesh.add()
    await stranger.node.dial(worker.address)
    expect(await ask(stranger, worker)).toBe('NOT_A_MEMBER')
    const session = await RawSession.open(stranger, worker)
    expect(await session.goodbyeCode()).toBe('NOT_A_MEMBER')
    expect(await codeOf(stranger.sessions.open(worker.peer))).toBe('NOT_A_MEMBER')
    const pieces = await stranger.node.openStream(worker.peer, PIECES_PROTOCOL_V1)
    expect(await isCutOff(pieces)).toBe(true)
  })

  it('is sent away after a while, whatever the clock on the wall is set to meanwhile', async () => {
    const mesh = build()
    const [worker, router] = [await mesh.add('worker'), await mesh.add('router')]
    const stranger = await mesh.mesh.add()
    await stranger.node.dial(worker.address)
    await meet(router, worker)
    mesh.clock.advance(2_000)
    mesh.clock.jumpWall(DAY_MS)
    mesh.clock.advance(2_000)
    mesh.clock.jumpWall(-DAY_MS)
    mesh.clock.advance(8_000)
    expect(isConnected(worker, stranger)).toBe(true)
    await mesh.passUntil(() => !isConnected(worker, stranger), { maxMs: 30_000 })
    expect(isConnected(worker, router)).toBe(true)
  })

  it.each([
    ['of another mesh', 'MESH_MISMATCH', false],
    ['of nobody', 'CREDENTIAL_INVALID', true]
  ])('with a certificate %s is one', async (_name, code, isForged) => {
    const mesh = build()
    const worker = await mesh.add('worker')
    const authority = buildAuthority()
    const { meshId } = mesh.authority
    const other = build(isForged ? { ...authority, meshId } : authority)
    const intruder = await other.add('router')
    await intruder.node.dial(worker.address)
    expect(await ask(intruder, worker)).toBe(code)
    expect(await codeOf(intruder.sessions.open(worker.peer))).toBe(code)
    const session = await RawSession.open(intruder, worker)
    expect(await session.goodbyeCode()).toBe('NOT_A_MEMBER')
    // Neither does the other mesh take our member.
    expect(await ask(worker, intruder)).toBe(code)
  })

  it.each([
    ['is forged', 'forged', true],
    ['is of another mesh', 'other', false],
    ['has run out', 'old', false]
  ])('whose certificate %s: is it shunned in the end?', async (_name, kind, isShunned) => {
    const mesh = build()
    const worker = await mesh.add('worker')
    const stranger = await mesh.mesh.add()
    const { meshId } = mesh.authority
    const authority = buildAuthority()
    const signer = { forged: { ...authority, meshId }, other: authority }[kind] ?? mesh.authority
    const nowMs = kind === 'old' ? NOW_MS - 2 * DAY_MS : NOW_MS
    const grant = { peer: stranger.peer, role: 'worker', nowMs, lifeMs: DAY_MS } as const
    await stranger.node.dial(worker.address)
    for (let time = 0; time < 10; time += 1) {
      // oxlint-disable-next-line no-await-in-loop -- each is another
      const certificate = await issueCertificate(grant, signer)
      // oxlint-disable-next-line no-await-in-loop
      await codeOf(stranger.binding.ask(worker.peer, 'INTRODUCE', { certificate }, OPTIONS))
    }
    const shunned = worker.node.shunned().map(({ offence, peer }) => ({ offence, peer }))
    expect(shunned).toEqual(isShunned ? [{ offence: 'introduction', peer: stranger.peer }] : [])
    expect(worker.node.counts().conduct.offences).toEqual(isShunned ? { introduction: 10 } : {})
    await until(() => isConnected(worker, stranger) !== isShunned)
  })

  it('with somebody else’s certificate is one', async () => {
    const mesh = build()
    const [worker, router] = [await mesh.add('worker'), await mesh.add('router')]
    const stolen = router.access.certificate ?? ''
    const thief = await mesh.mesh.add()
    await thief.node.dial(worker.address)
    const shown = thief.binding.ask(worker.peer, 'INTRODUCE', { certificate: stolen }, OPTIONS)
    expect(await codeOf(shown)).toBe('CREDENTIAL_INVALID')
    expect(await ask(thief, worker)).toBe('NOT_A_MEMBER')
  })

  it('that shows one bad certificate after the other is heard less and less', async () => {
    const mesh = build()
    const worker = await mesh.add('worker')
    const stranger = await mesh.mesh.add()
    await stranger.node.dial(worker.address)
    const certificate = worker.access.certificate ?? ''
    const codes = await Promise.all(
      Array.from({ length: 40 }, async () =>
        codeOf(stranger.binding.ask(worker.peer, 'INTRODUCE', { certificate }, OPTIONS))
      )
    )
    expect(codes.filter((code) => code === 'CREDENTIAL_INVALID')).toHaveLength(20)
    expect(codes.filter((code) => code === 'TOO_MANY_REQUESTS')).toHaveLength(20)
  })
})

describe('a node without an authority', () => {
  it('and a member have nothing to say to each other, and both hear why', async () => {
    const mesh = build()
    const member = await mesh.add('worker')
    const open = await mesh.mesh.add({ handlers: { INTRODUCE: () => ({ result: {} }) } })
    await open.node.dial(member.address)
    expect(await codeOf(open.sessions.open(member.peer))).toBe('NOT_A_MEMBER')
    expect(await codeOf(member.sessions.open(open.peer))).toBe('NOT_A_MEMBER')
    expect(await ask(open, member)).toBe('NOT_A_MEMBER')
    expect(await ask(member, open)).toBe('NOT_A_MEMBER')
  })
})

describe('clocks', () => {
  it('a day ahead or behind lead to typed errors, and not to silence', async () => {
    const mesh = build()
    const worker = await mesh.add('worker')
    const behind = await mesh.add('router', { clock: new FakeClock(NOW_MS - DAY_MS) })
    await behind.node.dial(worker.address)
    expect(await ask(behind, worker)).toBe('CREDENTIAL_NOT_YET_VALID')
    const ahead = await mesh.add('router', { clock: new FakeClock(NOW_MS + DAY_MS) })
    await ahead.node.dial(worker.address)
    expect(await ask(ahead, worker)).toBe('none')
    expect(await ask(worker, ahead)).toBe('none')
  })
})

describe('a certificate', () => {
  it('is renewed long before it runs out, and sessions go on', async () => {
    const mesh = build()
    const bootstrap = await mesh.add('bootstrap', { isAuthorityHere: true })
    const worker = await mesh.add('worker', { isAuthorityHere: true })
    await meet(worker, bootstrap)
    const session = await bootstrap.sessions.open(worker.peer)
    const [first] = [worker.access.certificate]
    await mesh.passUntil(() => worker.access.certificate !== first, {
      stepMs: 6 * HOUR_MS,
      maxMs: 5 * DAY_MS
    })
    await until(() => bootstrap.access.certificate !== undefined)
    await mesh.passUntil(() => mesh.clock.wallMs() - NOW_MS > CERTIFICATE_MS + DAY_MS, {
      stepMs: 6 * HOUR_MS,
      maxMs: 10 * DAY_MS
    })
    expect(knows(bootstrap, worker)).toBe(true)
    expect(knows(worker, bootstrap)).toBe(true)
    expect(session.isReady).toBe(true)
  })

  it('that has run out ends what goes on', async () => {
    const mesh = build()
    const bootstrap = await mesh.add('bootstrap')
    const worker = await mesh.add('worker', { lifeMs: HOUR_MS })
    await meet(worker, bootstrap)
    const session = await bootstrap.sessions.open(worker.peer)
    mesh.clock.advance(HOUR_MS - 1_000)
    expect(session.isOpen).toBe(true)
    await mesh.passUntil(() => !session.isOpen, { maxMs: 10_000 })
    await until(() => !isConnected(bootstrap, worker))
  })
})
