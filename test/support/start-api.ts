/** A real API server on a free port, in front of fake services. */
import { connect } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { ApiClient } from '../../src/client/api-client.ts'
import { ApiServer } from '../../src/http/server.ts'
import { FakeApiServices } from './fake-api-services.ts'
import type { ApiServerComponents, ApiServerInit } from '../../src/http/server.ts'
import type { Problem } from '../../src/model/generated/api-problem.ts'

export const TOKEN = 'a-token-for-tests'

export interface RunningApi {
  server: ApiServer
  services: FakeApiServices
  client: ApiClient
  url: string
  port: number
  /** With the token, unless `init` has headers of its own. */
  call: (path: string, init?: RequestInit) => Promise<Response>
  post: (path: string, body: unknown) => Promise<Response>
  /** Writes bytes to the port and reads until the server closes. */
  raw: (bytes: string | Uint8Array) => Promise<string>
}

/** Stops by itself when the test has ended. */
export async function startApi(
  init: Partial<ApiServerInit> = {},
  components: Partial<ApiServerComponents> = {}
): Promise<RunningApi> {
  const services = new FakeApiServices()
  const server = new ApiServer(
    { services, ...components },
    // What a test leaves waiting need not be waited for after it.
    { host: '127.0.0.1', port: 0, token: TOKEN, stopTimeoutMs: 100, ...init }
  )
  await server.start()
  onTestFinished(() => server.stop())
  const url = server.address()
  const port = Number(new URL(url).port)
  const authorization = `Bearer ${TOKEN}`
  const call = (path: string, request: RequestInit = {}): Promise<Response> =>
    fetch(`${url}${path}`, { headers: { authorization }, ...request })
  return {
    server,
    services,
    client: new ApiClient({ url, token: TOKEN, ca: init.tls?.cert }),
    url,
    port,
    call,
    post: (path, body) =>
      call(path, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify(body)
      }),
    raw: async (bytes) => {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => undefined)
      socket.write(bytes)
      // A reset is an answer as well: whatever came before it counts.
      return textOf(socket).catch(() => '')
    }
  }
}

/** The problem of a refusal, checked to be one in form. */
export async function problemOf(response: Response): Promise<Problem> {
  const type = response.headers.get('content-type') ?? ''
  if (!type.startsWith('application/problem+json')) throw new Error(`a problem is not ${type}`)
  return (await response.json()) as Problem
}
