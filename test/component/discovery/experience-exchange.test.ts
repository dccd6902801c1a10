/** Routers that tell each other what they have seen of workers: real nodes over the memory transport, each with its ledger. */
import { afterEach, expect, test } from 'vitest'
import { COMMANDS } from '../../../src/protocol/commands.ts'
import { ExperienceExchange } from '../../../src/discovery/experience-exchange.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { Mesh, until } from '../../support/spawn-mesh.ts'
import { ReputationLedger } from '../../../src/reputation/ledger.ts'
import { routerHandlers } from '../../../src/roles/router-commands.ts'
import { seededRandom } from '../../../src/core/random.ts'
import { signerOf } from '../../../src/receipts/signer.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import { temporaryIdentity } from '../../../src/network/identity.ts'
import type { Imported } from '../../../src/reputation/reputation.ts'
import type { ReputationKeeper } from '../../../src/roles/reputation-keeper.ts'
import type { RouterCommandComponents } from '../../../src/roles/router-commands.ts'
import type { SpawnedNode } from '../../support/spawn-mesh.ts'

interface Router extends SpawnedNode {
  ledger: ReputationLedger
  exchange: ExperienceExchange
  /** What its ledger was last told of others' experience. */
  imported: (peer: string) => Imported
  notes: string[]
}

const mesh = new Mesh()
const clock = new FakeClock()
const exchanges: ExperienceExchange[] = []
const workers = await Promise.all(
  Array.from({ length: 6 }, async () => signerOf(await temporaryIdentity()).peer)
)
const [novice = ''] = workers
const known = workers.slice(1)

afterEach(async () => {
  await Promise.all(exchanges.splice(0).map((exchange) => exchange.stop()))
  await mesh.stop()
})

test('what routers agree on counts, what a liar says does not', async () => {
  const honest = await addRouter()
  const liar = await addRouter()
  const router = await addRouter([honest, liar])
  for (const peer of known) {
    count(router, peer, { good: 30 })
    count(honest, peer, { good: 30 })
    count(liar, peer, { bad: 30 })
  }
  count(honest, novice, { good: 2, bad: 1 })
  count(liar, novice, { good: 500 })
  await router.exchange.start()
  await until(() => router.imported(novice).fa > 0)
  expect(router.imported(novice)).toEqual({ fa: 2, fb: 2 })
  // And it is nobody's own experience that could be told on.
  expect(router.ledger.evidenceOf(novice, clock.wallMs())).toMatchObject({ good: 0, bad: 0 })
})

test('news comes with the next round, and what is no longer said is no longer counted', async () => {
  const other = await addRouter()
  const router = await addRouter([other])
  count(other, novice, { good: 4 })
  await router.exchange.start()
  await until(() => router.imported(novice).fa === 2)
  count(other, novice, { good: 4 })
  await until(() => clock.timerCount > 0)
  clock.advance(90_000)
  await until(() => router.imported(novice).fa > 3)
  await other.stop()
  for (let minute = 0; minute < 20; minute += 1) {
    await until(() => clock.timerCount > 0)
    clock.advance(90_000)
  }
  await until(() => router.imported(novice).fa === 0)
  expect(router.imported(novice)).toEqual({ fa: 0, fb: 0 })
})

test('what a listed router brings by itself is taken, once', async () => {
  const other = await addRouter()
  const router = await addRouter([other])
  count(other, novice, { bad: 3 })
  const proof = await other.exchange.own()
  expect(await push(other, router, proof)).toEqual({ accepted: true })
  expect(router.imported(novice)).toEqual({ fa: 0, fb: 3 })
  expect(await push(other, router, proof)).toEqual({ accepted: false })
  expect(router.notes.at(-1)).toContain(other.peer)
})

test.each(['{', '{}', '[null,[1],["x"]]'])('a damaged note, %s, stops no router', async (note) => {
  const other = await addRouter()
  const router = await addRouter([other])
  count(other, novice, { bad: 3 })
  router.notes.push(note)
  await router.exchange.start()
  expect(await push(other, router, await other.exchange.own())).toEqual({
    accepted: expect.any(Boolean) as boolean
  })
  await until(() => router.imported(novice).fb === 3)
  expect(router.imported(novice)).toEqual({ fa: 0, fb: 3 })
})

test('nobody else changes anything', async () => {
  const listed = await addRouter()
  const router = await addRouter([listed])
  const stranger = await addRouter()
  count(stranger, novice, { bad: 30 })
  count(listed, novice, { bad: 30 })
  const own = await stranger.exchange.own()
  const others = await listed.exchange.own()
  const refused = { code: 'PROOF_REQUIRED', path: 'params.proof' }
  await expect(push(stranger, router, own)).rejects.toMatchObject(refused)
  await expect(push(stranger, router, others)).rejects.toMatchObject(refused)
  await expect(push(listed, router, own)).rejects.toMatchObject(refused)
  await expect(push(listed, router, undefined)).rejects.toMatchObject(refused)
  await expect(push(listed, router, 'bm90aGluZw==')).rejects.toMatchObject(refused)
  clock.advance(3_600_000)
  await expect(push(listed, router, others)).rejects.toMatchObject(refused)
  expect(router.imported(novice)).toEqual({ fa: 0, fb: 0 })
})

async function addRouter(trusted: readonly Router[] = []): Promise<Router> {
  const key = await temporaryIdentity()
  const node = await mesh.add({ key })
  const ledger = new ReputationLedger()
  const notes: string[] = []
  const nowMs = (): number => clock.wallMs()
  const exchange = new ExperienceExchange(
    {
      sessions: node.sessions,
      clock,
      random: seededRandom(1),
      logger: silentLogger,
      signer: signerOf(key),
      ledger: {
        ownExperience: () =>
          ledger.list(nowMs()).map(({ peerId, quarantinedUntilMs }) => ({
            ...ledger.evidenceOf(peerId, nowMs()),
            peerId,
            quarantinedUntilMs,
            receipts: undefined
          })),
        ownExperienceOf: (peer) => ledger.evidenceOf(peer, nowMs()),
        setImported: (peer, imported) => ledger.setImported(peer, imported)
      },
      note: { read: async () => notes.at(-1), write: async (text) => void notes.push(text) },
      nowMs
    },
    { trustedRouters: trusted.map(({ peer }) => peer) }
  )
  exchanges.push(exchange)
  const reputation = { of: (peer: string) => ledger.of(peer, nowMs()) } as ReputationKeeper
  // The other commands of a router are not served here.
  const components: Partial<RouterCommandComponents> = {
    selfPeer: node.peer,
    experience: exchange,
    reputation
  }
  const { GET_REPUTATION, UPDATE_REPUTATION } = routerHandlers(
    components as RouterCommandComponents
  )
  if (GET_REPUTATION === undefined || UPDATE_REPUTATION === undefined) throw new Error('not served')
  node.server.register({ GET_REPUTATION, UPDATE_REPUTATION })
  for (const other of trusted) await node.node.dial(other.address)
  const imported = (peer: string): Imported => ledger.of(peer, nowMs()).imported
  return { ...node, ledger, exchange, imported, notes }
}

/** Has a router see so many tasks done, and lost. */
function count({ ledger }: Router, workerId: string, { bad = 0, good = 0 }): void {
  const nowMs = clock.wallMs()
  for (let done = 0; done < good; done += 1) ledger.record({ kind: 'completed', workerId }, nowMs)
  for (let lost = 0; lost < bad; lost += 1) {
    ledger.record({ kind: 'failed', blame: 'worker', code: 'PEER_GONE', workerId }, nowMs)
  }
}

async function push(from: Router, to: Router, proof: string | undefined): Promise<unknown> {
  await from.node.dial(to.address)
  const session = await from.sessions.open(to.peer)
  const params = { target_peer: novice, success: true, ...(proof === undefined ? {} : { proof }) }
  const { error, result } = await session.request(
    { command: 'UPDATE_REPUTATION', params },
    { timeoutMs: 10_000 }
  )
  if (error !== undefined) throw error
  return COMMANDS.UPDATE_REPUTATION.checkResult(result)
}
