/** The API by libp2p: who is let in, what goes through whole and at whose pace, what ends, and how many there may be. */
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { ClosedMesh, meet } from '../../support/closed-mesh.ts'
import { HTTP_PROTOCOL_V1 } from '../../../src/protocol/ids.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import { MeshError } from '../../../src/core/errors.ts'
import { Mesh, exchangeBytes, readAll, until } from '../../support/spawn-mesh.ts'
import { apiScopeOf } from '../../../src/membership/rights.ts'
import { buildJobEvent, buildJobView } from '../../support/fake-api-services.ts'
import { problemOf, TOKEN } from '../../support/start-api.ts'
import { startPeerApi } from '../../support/peer-api.ts'
import type { MemberRole } from '../../../src/membership/documents.ts'
import type { PeerApi } from '../../support/peer-api.ts'
import type { PeerCallers } from '../../../src/http/peer-door.ts'
import type { SpawnedNode } from '../../support/spawn-mesh.ts'

const mesh = new Mesh()
afterEach(() => mesh.stop())

const JOB = { task: { engine: 'javascript', source: 'function main () {}' } }

async function pair(
  scopeOf?: PeerCallers['scopeOf']
): Promise<{ api: PeerApi; asker: SpawnedNode; router: SpawnedNode }> {
  const { answerer: router, asker } = await mesh.pair()
  return { api: await startPeerApi(router, scopeOf), asker, router }
}

/** What peers may do at a real router. */
function scopesAt({ access }: SpawnedNode): PeerCallers['scopeOf'] {
  return (peer) => {
    access.requireMember(peer)
    return apiScopeOf(access.memberOf(peer)?.role)
  }
}

describe('what is asked', () => {
  test('goes through as at the port, and belongs to the peer', async () => {
    const { api, asker } = await pair(() => 'submit')
    const client = api.askedBy(asker)
    const { id } = await client.submit(JOB)
    expect(await client.job(id)).toMatchObject({ id })
    const [, submitter] = api.services.calls.find(([name]) => name === 'submit')?.slice(1) ?? []
    expect(submitter).toBe(asker.peer)
  })

  test('a body of megabytes arrives whole, and so does the answer', async () => {
    const { api, asker } = await pair()
    const source = 'x'.repeat(6 * 2 ** 20)
    const job = await api.askedBy(asker).submit({ ...JOB, note: source })
    expect(JSON.stringify(api.services.calls)).toContain(source)
    api.services.jobDocument = { source }
    const document = await api.askedBy(asker).document(job.id)
    expect(JSON.stringify(document)).toContain(source)
  })

  test('an answer that is not read waits at the router, and is whole once it is', async () => {
    const { api, asker } = await pair()
    const source = 'y'.repeat(12 * 2 ** 20)
    api.services.jobDocument = { source }
    const { id } = await api.askedBy(asker).submit(JOB)
    const answer = await api.fetchOf(asker)(`/v1/jobs/${id}/document`)
    for (let count = 0; count < 50; count += 1) await turn()
    expect(await answer.json()).toEqual({ source })
  })

  test('a refusal is the same problem as at the port', async () => {
    const { api, asker } = await pair(() => 'read')
    await expect(api.askedBy(asker).submit(JOB)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(api.askedBy(asker).job('none')).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' })
  })

  test('a page of another origin is no matter where there is no browser', async () => {
    const { api, asker } = await pair()
    const headers = { origin: 'https://elsewhere.example', host: 'elsewhere.example' }
    expect((await api.fetchOf(asker)('/v1/peers', { headers })).status).toBe(200)
  })

  test('bytes that are no request are answered as at the port', async () => {
    const { asker, router } = await pair()
    const stream = await asker.node.openStream(router.peer, HTTP_PROTOCOL_V1)
    expect(await exchangeBytes(stream, Buffer.from('hello\r\n\r\n'))).toContain('400 Bad Request')
  })
})

describe('who asks', () => {
  test.each<[MemberRole, string]>([
    ['operator', 'none'],
    ['client', 'FORBIDDEN'],
    ['worker', 'FORBIDDEN']
  ])('a %s who asks what operators may: %s', async (role, code) => {
    const closed = new ClosedMesh()
    try {
      const router = await closed.add('router')
      const member = await closed.add(role)
      await meet(member, router)
      const api = await startPeerApi(router, scopesAt(router))
      const failure = await api
        .askedBy(member)
        .tokens()
        .then(
          () => ({ code: 'none' }),
          (cause: unknown) => cause
        )
      expect(failure).toMatchObject({ code })
      // A token counts where it has more.
      expect(await api.askedBy(member, TOKEN).tokens()).toEqual([])
    } finally {
      await closed.stop()
    }
  })

  test('a token that has less changes nothing, and a wrong one is refused', async () => {
    const { api, asker } = await pair()
    const { token } = api.services.tokens.create({ name: 'wall', scope: 'read' })
    expect(await api.askedBy(asker, token).tokens()).toHaveLength(1)
    await expect(api.askedBy(asker, 'wrong').tokens()).rejects.toMatchObject({
      code: 'UNAUTHORISED'
    })
  })

  test('who is no member hears so before anything is read', async () => {
    const { asker, router } = await pair(() => {
      throw new MeshError('NOT_A_MEMBER', 'it has shown no certificate')
    })
    const stream = await asker.node.openStream(router.peer, HTTP_PROTOCOL_V1)
    expect(await readAll(stream)).toMatch(/^HTTP\/1\.1 403 .*NOT_A_MEMBER/s)
  })

  test('too many at once of one peer are refused with an answer', async () => {
    const { api, asker, router } = await pair()
    const held = await Promise.all(
      Array.from({ length: LIMITS.apiPeerStreamsMax }, () =>
        asker.node.openStream(router.peer, HTTP_PROTOCOL_V1)
      )
    )
    const refused = await api.fetchOf(asker)('/v1/peers')
    expect(refused.status).toBe(429)
    expect(await problemOf(refused)).toMatchObject({ code: 'TOO_MANY_REQUESTS' })
    for (const stream of held) stream.abort(new Error('enough'))
    // The router hears of the ends a moment later.
    const isServed = async (): Promise<boolean> =>
      await api
        .askedBy(asker)
        .peers()
        .then(
          () => true,
          () => false
        )
    while (!(await isServed())) await turn()
  })
})

describe('what ends', () => {
  test('events come as they happen, and end for the router when their reader goes', async () => {
    const { api, asker } = await pair()
    const reading = new AbortController()
    const events = api.askedBy(asker).events({ startsWithGap: true, signal: reading.signal })
    expect(await events.next()).toMatchObject({ value: { type: 'gap' } })
    api.services.emit(buildJobEvent())
    expect(await events.next()).toMatchObject({ value: { type: buildJobEvent().type } })
    reading.abort(new Error('seen enough'))
    await expect(events.next()).rejects.toThrow('seen enough')
    await until(() => api.services.watcherCount === 0)
  })

  test('a signal that fires ends the request at both ends', async () => {
    const { api, asker } = await pair()
    const { id } = buildJobView({ state: 'running' })
    api.services.jobsById.set(id, buildJobView({ state: 'running' }))
    const waiting = new AbortController()
    const wait = api.askedBy(asker).wait(id, { signal: waiting.signal })
    await until(() => api.services.waiterCount === 1)
    waiting.abort(new Error('no longer'))
    await expect(wait).rejects.toThrow('no longer')
    await until(() => api.services.waiterCount === 0)
  })

  test('a router that stops ends the streams of its peers', async () => {
    const { api, asker } = await pair()
    const answer = await api.fetchOf(asker)('/v1/events')
    await api.server.stop()
    expect(await answer.text()).toBe('')
    await expect(api.fetchOf(asker)('/v1/peers')).rejects.toMatchObject({
      code: 'PEER_UNREACHABLE'
    })
  })
})
