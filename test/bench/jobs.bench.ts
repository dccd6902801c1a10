/** No-op jobs from submit to result: through a router on disk, without one, over bare sockets, and in other systems. */
import { randomBytes } from 'node:crypto'
import { messageOf } from '../../src/core/errors.ts'
import { BenchProcess, measureLoad } from './support/bench-process.ts'
import { missingPeer, startPeerServer } from './support/peers.ts'
import type { Bench, BenchOptions, Cell, Prepared, Skipped } from './support/bench.ts'
import type { HttpClientInit } from './http-client-process.ts'
import type { MeshClientInit } from './mesh-client-process.ts'
import type { RawClientInit } from './raw-client-process.ts'
import type { ReadyReport } from '../../src/roles/role.ts'
import type { RoleProcessInit } from './role-process.ts'

const IN_FLIGHT = [1, 64, 256]
const LOAD_MS = { quick: 400, full: 1_500 }
/** HTTP opens a connection per waiting request; more than this measures the sockets. */
const HTTP_IN_FLIGHT_MAX = 64
const READY_MS = 20_000

/** A system under test: who asks, and all others whose CPU a job costs. */
interface Setup {
  design: string
  client: BenchProcess
  others: BenchProcess[]
  inFlightMax?: number
}

/** Everything that was started, in the order in which it has to end. */
type Stops = (() => Promise<void>)[]

export const jobsBench: Bench = {
  name: 'jobs',
  title: 'no-op jobs from submit to result: client, router and worker in processes of their own',
  notes: [
    'router full, router normal: EXECUTE_TASK with auto_route over a session; each job is checked, stored, placed,',
    'explained, run and stored again; sync full answers once the disk has it, normal once the system has it.',
    'direct: the same session to the worker, no router, nothing stored. raw tcp: the same frames through a router',
    'of ten lines over bare sockets: the limit. http: submit and wait over the API, sync full.',
    'nats: request/reply through nats-server: no store, no placement, no encryption. bullmq: on Redis, in memory.',
    'CPU of nats-server and redis-server is not counted.'
  ],
  columns: [
    { metric: 'perSecond', title: 'jobs/s', digits: 0 },
    { metric: 'p50Us', title: 'p50 us', digits: 0 },
    { metric: 'p99Us', title: 'p99 us', digits: 0 },
    { metric: 'clientCpuUs', title: 'client CPU us', digits: 1 },
    { metric: 'serverCpuUs', title: 'others CPU us', digits: 1 }
  ],
  primary: 'perSecond',
  reference: 'raw tcp',
  comparisons: [
    ...[64, 256].flatMap((inFlight) => [
      ratio('router normal', 'nats', inFlight, '>= 1.5x, stretch 3x'),
      ratio('router full', 'nats', inFlight, '>= 1.5x'),
      ratio('router full', 'bullmq', inFlight, '>= 4x'),
      ratio('router full', 'router normal', inFlight),
      ratio('router normal', 'direct', inFlight)
    ]),
    {
      label: 'router normal / nats p50 @1',
      metric: 'p50Us',
      variant: variantOf(1),
      of: 'router normal',
      to: 'nats',
      goal: '<= 4x'
    }
  ],
  rounds: { quick: 3, full: 7 },
  warmUpRounds: 2,
  prepare
}

function ratio(
  of: string,
  to: string,
  inFlight: number,
  goal?: string
): Bench['comparisons'][number] {
  const comparison = { metric: 'perSecond', variant: variantOf(inFlight), of, to }
  const label = `${of} / ${to} @${inFlight}`
  return goal === undefined ? { ...comparison, label } : { ...comparison, label, goal }
}

function variantOf(inFlight: number): string {
  return `${inFlight} in flight`
}

async function prepare(options: BenchOptions): Promise<Prepared> {
  const stops: Stops = []
  const skipped: Skipped[] = []
  const stop = async (): Promise<void> => {
    for (const each of stops.toReversed()) await each()
  }
  try {
    const setups = [
      ...(await meshSetups(options, stops)),
      await rawSetup(options, stops),
      ...(await peerSetups(options, stops, skipped))
    ]
    return { cells: cellsOf(setups, options), skipped, stop }
  } catch (cause) {
    await stop()
    throw cause
  }
}

function cellsOf(setups: readonly Setup[], options: BenchOptions): Cell[] {
  const durationMs = options.isQuick ? LOAD_MS.quick : LOAD_MS.full
  return IN_FLIGHT.flatMap((inFlight) =>
    setups
      .filter(({ inFlightMax }) => inFlight <= (inFlightMax ?? Infinity))
      .map(({ client, design, others }) => ({
        design,
        variant: variantOf(inFlight),
        measure: () => measureLoad(client, others, { inFlight, durationMs })
      }))
  )
}

async function meshSetups(options: BenchOptions, stops: Stops): Promise<Setup[]> {
  const start = (file: string, init: unknown): Promise<BenchProcess> =>
    startHeld(file, init, options, stops)
  const role = async (
    name: RoleProcessInit['role'],
    flags: RoleProcessInit['flags']
  ): Promise<{ process: BenchProcess; report: ReadyReport }> => {
    const init: RoleProcessInit = { role: name, flags: { home: [options.home], ...flags } }
    const process = await start('role-process.ts', init)
    return { process, report: await process.ask<ReadyReport>('report') }
  }
  const listen = ['/ip4/127.0.0.1/tcp/0']
  const bootstrap = (await role('bootstrap', { listen })).report.addresses
  const worker = await role('worker', {
    bootstrap,
    slots: ['256'],
    'queue-slots': ['1024'],
    engine: ['builtin']
  })
  const client = (init: MeshClientInit): Promise<BenchProcess> =>
    start('mesh-client-process.ts', init)
  const setups: Setup[] = []
  const token = randomBytes(24).toString('base64url')
  for (const sync of ['full', 'normal'] as const) {
    const flags = { bootstrap, http: ['127.0.0.1:0'], token: [token], sync: [sync] }
    const router = await role('router', flags)
    const http: HttpClientInit = { url: router.report.http ?? '', token }
    const visitor = await start('http-client-process.ts', http)
    await untilWorkerIsKnown(visitor)
    const address = router.report.addresses[0] ?? ''
    const others = [router.process, worker.process]
    const routed = await client({ address, kind: 'routed', binding: 'session' })
    setups.push({ design: `router ${sync}`, client: routed, others })
    if (sync === 'full') {
      setups.push({ design: 'http', client: visitor, others, inFlightMax: HTTP_IN_FLIGHT_MAX })
    }
  }
  const address = worker.report.addresses[0] ?? ''
  const direct = await client({ address, kind: 'noop', binding: 'session' })
  return [...setups, { design: 'direct', client: direct, others: [worker.process] }]
}

async function untilWorkerIsKnown(visitor: BenchProcess): Promise<void> {
  const endMs = performance.now() + READY_MS
  while ((await visitor.ask<number>('nodes')) === 0) {
    if (performance.now() > endMs) throw new Error('the router found no worker')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function rawSetup(options: BenchOptions, stops: Stops): Promise<Setup> {
  const worker = await startHeld('raw-server-process.ts', {}, options, stops)
  const forwardTo = await worker.ask<number>('port')
  const router = await startHeld('raw-server-process.ts', { forwardTo }, options, stops)
  const init: RawClientInit = { port: await router.ask('port'), isTls: false, kind: 'routed' }
  const client = await startHeld('raw-client-process.ts', init, options, stops)
  return { design: 'raw tcp', client, others: [router, worker] }
}

async function peerSetups(
  options: BenchOptions,
  stops: Stops,
  skipped: Skipped[]
): Promise<Setup[]> {
  const peers = [
    {
      design: 'nats',
      program: 'nats-server',
      flags: (port: number) => ['-a', '127.0.0.1', '-p', String(port)]
    },
    {
      design: 'bullmq',
      program: 'redis-server',
      flags: (port: number) => ['--bind', '127.0.0.1', '--port', String(port), '--save', '']
    }
  ] as const
  const setups: Setup[] = []
  for (const { design, flags, program } of peers) {
    try {
      const missing = missingPeer(program, design)
      if (missing !== undefined) throw new Error(missing)
      const server = await startPeerServer(program, flags)
      stops.push(server.stop)
      const file = `${design}-process.ts`
      const { port } = server
      const worker = await startHeld(file, { role: 'worker', port }, options, stops)
      const client = await startHeld(file, { role: 'client', port }, options, stops)
      setups.push({ design, client, others: [worker] })
    } catch (cause) {
      // Somebody else's system that won't run here takes nothing from what ours measures.
      skipped.push({ what: design, why: messageOf(cause) })
    }
  }
  return setups
}

async function startHeld(
  file: string,
  init: unknown,
  options: BenchOptions,
  stops: Stops
): Promise<BenchProcess> {
  const process = await BenchProcess.start(file, init, options)
  stops.push(() => process.stop())
  return process
}
