/** The router's API by libp2p, by those who may not use it and those who may; and what a monitor passes on to it. */
import { HTTP_PROTOCOL_V1 } from '../../../src/protocol/ids.ts'
import { connect } from 'node:net'
import { utf8 } from '../bytes.ts'
import type { Attack, Stage, Target } from '../attack.ts'
import type { RawPeer } from '../raw-peer.ts'

const BURST = 16
const CUT_BYTES = 100_000
const NOBODY = '12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB'

/** What no client may: hand out rights, copy the store, revoke, delete. */
const FORBIDDEN = [
  ['POST /v1/tokens', '{"name":"mine","scope":"operate"}'],
  ['POST /v1/store/backup', '{"file":"hostile-backup.db"}'],
  ['GET /v1/security', ''],
  ['DELETE /v1/tokens/hostile-read', ''],
  ['POST /v1/nodes/worker/availability', '{"availability":"cordoned"}']
] as const

const ENDLESS = ['/v1/events?replay=true', '/v1/live', '/v1/jobs/0/wait?timeout=60s']

function routerOf({ targets }: Stage): Target {
  const router = targets.find(({ role }) => role === 'router')
  if (router === undefined) throw new Error('the mesh has no router')
  return router
}

function text(line: string, body = '', ...headers: string[]): string {
  const own = ['host: router', 'connection: close', 'content-type: application/json']
  const length = body === '' ? [] : [`content-length: ${body.length}`]
  return `${[`${line} HTTP/1.1`, ...own, ...length, ...headers].join('\r\n')}\r\n\r\n${body}`
}

/** One request on a stream of its own, and its answer's status. */
async function ask(stage: Stage, peer: RawPeer, request: string): Promise<void> {
  const answer = await peer.exchange(routerOf(stage), HTTP_PROTOCOL_V1, utf8(request))
  stage.tally.got(statusOf(answer))
}

/** Sends, and leaves the stream as it is. */
async function leave(stage: Stage, peer: RawPeer, request: string): Promise<void> {
  const stream = await peer.open(routerOf(stage), HTTP_PROTOCOL_V1)
  stream.addEventListener('close', () => stage.tally.got(`stream ${stream.status}`))
  stage.hold(() => stream.abort(new Error('enough')))
  // What comes back is not read.
  stream.pause()
  await peer.send(stream, utf8(request))
}

function statusOf(answer: string): string {
  return /^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1] ?? answer.slice(0, 12)
}

export const DOOR_ATTACKS: readonly Attack[] = [
  {
    name: 'door-stranger',
    who: 'stranger',
    what: 'the API by libp2p without a certificate: requests, halves of them, guessed tokens',
    perSecond: 20,
    step: async (stage) => {
      const peer = await stage.stranger()
      const guess = `authorization: Bearer ${'guess'.repeat(8)}${stage.step}`
      const requests = [
        text('GET /v1/jobs'),
        text('GET /v1/jobs', '', guess),
        text('POST /v1/jobs', '{"task":{}}'),
        text('GET /v1/jobs').slice(0, 20),
        text('GET /')
      ]
      await ask(stage, peer, requests[stage.step % requests.length] ?? '')
    }
  },
  {
    name: 'door-worker',
    who: 'worker',
    what: 'the API by libp2p with the certificate of a worker, which gives no right there',
    perSecond: 20,
    step: async (stage) => {
      const [line, body] = FORBIDDEN[stage.step % FORBIDDEN.length] ?? ['GET /v1/jobs', '']
      await ask(
        stage,
        await stage.member(),
        text(stage.step % 2 === 0 ? 'GET /v1/jobs' : line, body)
      )
    }
  },
  {
    name: 'door-member',
    who: 'member',
    what: 'the API by libp2p, beyond the rights of a client: tokens, backups, workers taken away',
    perSecond: 20,
    step: async (stage) => {
      const [line, body] = FORBIDDEN[stage.step % FORBIDDEN.length] ?? ['GET /v1/jobs', '']
      await ask(stage, await stage.member(), text(line, body))
    }
  },
  {
    name: 'door-held',
    who: 'member',
    what: 'streams of the API by the dozen that are never read, or never say all',
    perSecond: 10,
    heldMax: 1_000,
    step: async (stage) => {
      const peer = await stage.member()
      const endless = ENDLESS[stage.step % ENDLESS.length] ?? ''
      const requests = [
        text(`GET ${endless}`),
        text('GET /v1/jobs?limit=1000').slice(0, 30),
        text('POST /v1/jobs', ' '.repeat(CUT_BYTES)).slice(0, 1_000),
        text('GET /v1/jobs').replace('close', 'keep-alive').repeat(BURST)
      ]
      for (let count = 0; count < BURST; count += 1) {
        // oxlint-disable-next-line no-await-in-loop
        await leave(stage, peer, requests[(stage.step + count) % requests.length] ?? '')
      }
    }
  },
  {
    name: 'door-garbage',
    who: 'member',
    what: 'no HTTP on its streams: two lengths, endless headers, chunks without end',
    perSecond: 20,
    step: async (stage) => {
      const texts = [
        '\u0000'.repeat(1_000),
        text('GET /v1/jobs', '', `x-long: ${'x'.repeat(CUT_BYTES)}`),
        text('POST /v1/jobs', '{}', 'content-length: 9'),
        text('POST /v1/jobs', '', 'transfer-encoding: chunked').concat('ffffffffffffffff\r\n'),
        text('POST /v1/jobs', '[')
      ]
      await ask(stage, await stage.member(), texts[stage.step % texts.length] ?? '')
    }
  },
  {
    name: 'forward-paths',
    who: 'http',
    what: 'through a monitor: to nobody, to workers, out of the path, with a token for reading',
    perSecond: 20,
    step: async (stage) => {
      const { front, tally } = stage
      const router = routerOf(stage).peer
      const worker = stage.targets.find(({ role }) => role === 'worker')?.peer ?? ''
      const lines = [
        `GET /v1/routers/${router}/../../tokens`,
        `GET /v1/routers/${router}/routers/${router}/jobs`,
        `GET /v1/routers/${NOBODY}/jobs`,
        `GET /v1/routers/${worker}/jobs`,
        'GET /v1/routers/%00/jobs',
        `POST /v1/routers/${router}/tokens`,
        `DELETE /v1/routers/${router}/jobs/1`
      ]
      const { hostname, port } = new URL(front.url)
      const socket = connect(Number(port), hostname)
      stage.hold(() => socket.destroy())
      socket.on('error', (cause) => tally.failed(cause))
      socket.on('data', (chunk) => tally.got(statusOf(String(chunk))))
      const auth = `authorization: Bearer ${front.readToken}`
      const request = text(lines[stage.step % lines.length] ?? '', '', auth)
      tally.sent(request.length)
      socket.write(request.replace('host: router', 'host: 127.0.0.1'))
    }
  },
  {
    name: 'forward-held',
    who: 'http',
    what: 'streams through a monitor that are never read, and bodies that never end',
    perSecond: 10,
    heldMax: 300,
    step: async (stage) => {
      const { front, tally } = stage
      const base = `/v1/routers/${routerOf(stage).peer}`
      const endless = (ENDLESS[stage.step % ENDLESS.length] ?? '').replace('/v1', base)
      const auth = `authorization: Bearer ${front.submitToken}`
      const half = text(`POST ${base}/jobs`, ' '.repeat(CUT_BYTES), auth).slice(0, CUT_BYTES / 2)
      const { hostname, port } = new URL(front.url)
      const socket = connect(Number(port), hostname)
      stage.hold(() => socket.destroy())
      socket.on('error', (cause) => tally.failed(cause))
      socket.on('close', () => tally.got('closed'))
      const request = stage.step % 2 === 0 ? text(`GET ${endless}`, '', auth) : half
      tally.sent(request.length)
      socket.write(request.replace('host: router', 'host: 127.0.0.1'))
    }
  }
]
