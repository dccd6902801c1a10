/** The API over TLS: who is trusted, what the client says of who is not, and what strangers to TLS get. */
import { connect } from 'node:net'
import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import { text as textOf } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { ApiClient } from '../../../src/client/api-client.ts'
import { buildJobEvent, exampleOf } from '../../support/fake-api-services.ts'
import { hasOpenssl, makeCertificate } from '../../support/tls-server.ts'
import { homeOf } from '../../support/api-with-home.ts'
import { runInProcess } from '../../support/fake-terminal.ts'
import { startApi, TOKEN } from '../../support/start-api.ts'

describe.runIf(hasOpenssl)('over TLS', () => {
  test('everything works with the certificate in hand: requests, problems, bytes, streams', async () => {
    const { client, server, services } = await startApi({ tls: makeCertificate() })
    expect(server.address()).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
    expect(await client.peers()).toEqual([exampleOf('api/peer')])
    expect((await client.handIn(exampleOf('job'))).isNew).toBe(true)
    await expect(client.job('j-none')).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' })
    const events = client.events({ startsWithGap: false })
    const next = events[Symbol.asyncIterator]().next()
    await expect.poll(() => services.watcherCount).toBe(1)
    const event = services.emit(buildJobEvent())
    expect((await next).value).toEqual(event)
    const id = `sha256:${'a'.repeat(64)}`
    await client.removeFile(id)
    expect(services.calls).toContainEqual(['remove', id])
  })

  test('a certificate of its own is known whatever names stand in it; an authority’s must fit', async () => {
    const tls = makeCertificate(['DNS:elsewhere.example'])
    const { client } = await startApi({ tls })
    expect((await client.health()).status).toBe('ok')
  })

  test('a certificate that nobody vouches for is refused, and the hint says what to do', async () => {
    const { url } = await startApi({ tls: makeCertificate() })
    const other = makeCertificate().cert
    for (const ca of [undefined, other]) {
      const client = new ApiClient({ url, token: TOKEN, ca })
      // oxlint-disable-next-line no-await-in-loop
      await expect(client.health()).rejects.toMatchObject({
        code: 'API_UNREACHABLE',
        message: expect.stringContaining('is not trusted') as string,
        hint: expect.stringContaining('--api-ca') as string
      })
    }
  })

  test('commands find the certificate in api.json, or in the file that they are told', async () => {
    const tls = makeCertificate(['DNS:elsewhere.example'])
    const { url } = await startApi({ tls })
    const known = { TASKMESH_HOME: homeOf({ url, ca: tls.cert }) }
    expect((await runInProcess(['peers', '--json'], { env: known })).code).toBe(0)
    const home = homeOf({ url: 'http://127.0.0.1:1' })
    writeFileSync(join(home, 'api.crt'), tls.cert)
    const told = { TASKMESH_HOME: home, TASKMESH_API: url, TASKMESH_TOKEN: TOKEN }
    const words = ['peers', '--json', '--api-ca', join(home, 'api.crt')]
    expect((await runInProcess(words, { env: told })).code).toBe(0)
    const untold = await runInProcess(['peers', '--json'], { env: told })
    expect(untold.stderr).toContain('is not trusted')
  })

  test('what is no certificate is told at once', () => {
    const hollow = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
    for (const ca of ['', 'nothing', hollow]) {
      expect(() => new ApiClient({ url: 'https://localhost:1', ca })).toThrow('certificates')
    }
  })

  test.each([
    ['plain http', 'GET /v1/health HTTP/1.1\r\nhost: localhost\r\n\r\n'],
    ['zeros', '\0'.repeat(500)],
    ['half a hello', Buffer.from('16030100c8010000c40303', 'hex')]
  ])('%s on its port ends, and the next caller is served', async (_name, bytes) => {
    const { client, port } = await startApi({ tls: makeCertificate() })
    const socket = connect(port, '127.0.0.1').on('error', () => undefined)
    socket.write(bytes)
    socket.end()
    await textOf(socket).catch(() => '')
    expect((await client.health()).status).toBe('ok')
  })

  test('a caller that leaves lets go of what it waited for', async () => {
    const { client, services } = await startApi({ tls: makeCertificate() })
    const running = { ...exampleOf('api/job'), state: 'running' as const }
    services.jobsById.set(running.id, running)
    const leaving = new AbortController()
    const waiting = client.wait(running.id, { signal: leaving.signal })
    await expect.poll(() => services.waiterCount).toBe(1)
    leaving.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    await expect.poll(() => services.waiterCount).toBe(0)
  })
})
