/** Who makes traces at an API: those who may ask it, and nobody else. */
import { expect, test } from 'vitest'
import { NO_SPAN } from '../../../src/observe/tracing.ts'
import { RequestWatch } from '../../../src/http/request-watch.ts'
import { startApi } from '../../support/start-api.ts'
import { systemClock } from '../../../src/core/clock.ts'

const PARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

test('a stranger has no trace kept, whatever it sends; it is counted all the same', async () => {
  const begun: string[] = []
  const tracer = {
    isOn: true,
    begin: (what: string) => {
      begun.push(what)
      return NO_SPAN
    },
    stop: async () => {}
  }
  const watch = new RequestWatch({ clock: systemClock, tracer })
  const { call, url } = await startApi({ watch })
  const headers = { traceparent: PARENT }
  for (const path of ['/v1/jobs', '/v1/health']) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const answer = await fetch(`${url}${path}`, { headers })
    expect(answer.headers.has('traceparent')).toBe(false)
  }
  await fetch(`${url}/v1/jobs`, { method: 'POST', headers })
  expect(begun).toEqual([])
  expect(watch.readings().taskmesh_http_requests_total).toHaveLength(3)
  const authorization = 'Bearer a-token-for-tests'
  await call('/v1/jobs', { headers: { ...headers, authorization } })
  expect(begun).toEqual(['GET /v1/jobs'])
})
