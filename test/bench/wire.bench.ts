/** Requests between two processes: our two bindings against the same frames over raw TLS and raw TCP. */
import { LIMITS } from '../../src/core/limits.ts'
import { BenchProcess, measureLoad } from './support/bench-process.ts'
import { makeCertificate } from './support/self-signed.ts'
import type { Bench, BenchOptions, Cell, Prepared } from './support/bench.ts'
import type { MeshClientInit } from './mesh-client-process.ts'
import type { RawServerInit } from './raw-server-process.ts'

const IN_FLIGHT = [1, 16, 64, 256]
const LOAD_MS = { quick: 300, full: 1_000 }

/** A client with its server. */
interface Pair {
  client: BenchProcess
  server: BenchProcess
}

export const wireBench: Bench = {
  name: 'wire',
  title: 'requests between two processes, bodies of 300 bytes',
  notes: [
    'session: one long-lived stream; json stream: one stream per request; both with noise, schema checks,',
    'time limits and cancellation. raw tls and raw tcp: the same frames by the same code over a bare socket,',
    'gathered per tick, unchecked: the physical limit with and without encryption.'
  ],
  columns: [
    { metric: 'perSecond', title: 'requests/s', digits: 0 },
    { metric: 'p50Us', title: 'p50 us', digits: 0 },
    { metric: 'p99Us', title: 'p99 us', digits: 0 },
    { metric: 'clientCpuUs', title: 'client CPU us', digits: 1 },
    { metric: 'serverCpuUs', title: 'server CPU us', digits: 1 }
  ],
  primary: 'perSecond',
  reference: 'raw tls',
  comparisons: [
    rate('session / json stream @64', '64', ['session', 'json stream'], '>= 25x'),
    rate('session / raw tls @64', '64', ['session', 'raw tls'], '>= .25x, stretch .55x'),
    rate('session / raw tls @256', '256', ['session', 'raw tls'], '>= .45x, stretch .55x'),
    {
      label: 'session / raw tls p50 @1',
      metric: 'p50Us',
      variant: variantOf(1),
      of: 'session',
      to: 'raw tls',
      goal: '<= 4x'
    }
  ],
  rounds: { quick: 3, full: 9 },
  warmUpRounds: 1,
  prepare
}

function rate(
  label: string,
  inFlight: string,
  [of, to]: [string, string],
  goal: string
): Bench['comparisons'][number] {
  return { label, metric: 'perSecond', variant: variantOf(Number(inFlight)), of, to, goal }
}

function variantOf(inFlight: number): string {
  return `${inFlight} in flight`
}

async function prepare(options: BenchOptions): Promise<Prepared> {
  const pairs = new Map<string, Pair>([
    ['session', await meshPair('session', options)],
    ['json stream', await meshPair('stream', options)],
    ['raw tls', await rawPair({ certificate: makeCertificate() }, options)],
    ['raw tcp', await rawPair({}, options)]
  ])
  const durationMs = options.isQuick ? LOAD_MS.quick : LOAD_MS.full
  const cells: Cell[] = IN_FLIGHT.flatMap((inFlight) =>
    [...pairs]
      .filter(([design]) => design !== 'json stream' || inFlight <= LIMITS.commandStreamsMax)
      .map(([design, { client, server }]) => ({
        design,
        variant: variantOf(inFlight),
        measure: () => measureLoad(client, [server], { inFlight, durationMs })
      }))
  )
  const skipped = [
    {
      what: 'json stream, 256 in flight',
      why: `a connection may have ${LIMITS.commandStreamsMax} such streams`
    }
  ]
  return { cells, skipped, stop: async () => await stopAll([...pairs.values()]) }
}

async function meshPair(binding: MeshClientInit['binding'], options: BenchOptions): Promise<Pair> {
  const server = await BenchProcess.start('mesh-server-process.ts', {}, options)
  const address = await server.ask<string>('address')
  const init: MeshClientInit = { address, binding, kind: 'task' }
  return { server, client: await BenchProcess.start('mesh-client-process.ts', init, options) }
}

async function rawPair(init: RawServerInit, options: BenchOptions): Promise<Pair> {
  const server = await BenchProcess.start('raw-server-process.ts', init, options)
  const port = await server.ask<number>('port')
  const isTls = init.certificate !== undefined
  const clientInit = { port, isTls, kind: 'task' }
  return { server, client: await BenchProcess.start('raw-client-process.ts', clientInit, options) }
}

async function stopAll(pairs: readonly Pair[]): Promise<void> {
  await Promise.all(pairs.flatMap(({ client, server }) => [client.stop(), server.stop()]))
}
