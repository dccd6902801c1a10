/**
 * `npm run interop`: builds a client with go-libp2p, sets it on two meshes of real processes, an open one and one with an
 * authority, and prints what worked. Ends with code 1 where something did not, and with 2 where there is no Go.
 */
import { BareNodes } from '../support/bare-mesh-node.ts'
import { systemClock } from '../../src/core/clock.ts'
import { keyCid } from '../../src/discovery/key-cid.ts'
import { formatBytes, formatDuration } from '../../src/core/units.ts'
import { statSync } from 'node:fs'
import { GO_CLIENT, GoClient, buildGoClient, hasGo } from './go-client.ts'
import { InteropMesh, NAMESPACE, networkHost } from './meshes.ts'
import type { Outcome } from './go-client.ts'

/** Where the client has itself found. */
const ANNOUNCED = '/interop/go'

const FIND_TIMEOUT_MS = 20_000
/** Letters of what a step tells, in the table. */
const DETAIL_MAX = 160

// By default a signal ends a process without its 'exit', at which what was started here is ended.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(1))
}

if (hasGo()) {
  // What waits here does so by timers that keep no process alive.
  const alive = setInterval(() => undefined, DETAIL_MAX * 1_000)
  process.exitCode = await run().finally(() => clearInterval(alive))
} else {
  console.error('this needs Go 1.26 or later (https://go.dev/dl), and its module proxy once')
  process.exitCode = 2
}

async function run(): Promise<number> {
  const buildMs = buildGoClient()
  const size = formatBytes(statSync(GO_CLIENT).size)
  console.log(`go-libp2p client built in ${formatDuration(buildMs)}, ${size}`)
  const outcomes = [
    ...(await inMesh('open mesh', await InteropMesh.open(), visitOpen)),
    ...(await inMesh('mesh with an authority', await InteropMesh.closed(), visitClosed))
  ]
  return outcomes.every(({ ok }) => ok) ? 0 : 1
}

async function inMesh(
  title: string,
  mesh: InteropMesh,
  visit: (mesh: InteropMesh) => Promise<Outcome[]>
): Promise<Outcome[]> {
  try {
    const outcomes = await visit(mesh)
    console.log(render(title, outcomes))
    return outcomes
  } finally {
    await mesh.stop()
  }
}

async function visitOpen(mesh: InteropMesh): Promise<Outcome[]> {
  const [address = ''] = mesh.bootstrap.addresses
  const words = ['-bootstrap', address, '-namespace', NAMESPACE, '-announce', ANNOUNCED]
  const go = await GoClient.run(words)
  const { addresses, peer_id: peer } = go.peer
  const outcomes = [
    ...go.outcomes,
    await outcome('a taskmesh node finds it in the DHT by that key', async () => {
      return await findProvider(address, peer)
    }),
    await outcome('a taskmesh node finds it in the DHT by its peer id, and pings it', async () => {
      return agentIn(await mesh.type('dial', peer, '--bootstrap', address, '--json'))
    }),
    await outcome('a taskmesh node asks it by the JSON binding', async () => {
      return await mesh.type('command', addresses[0] ?? '', 'GET_CAPABILITIES', '--json')
    })
  ]
  await go.stop()
  return outcomes
}

async function visitClosed(mesh: InteropMesh): Promise<Outcome[]> {
  const listen = `/ip4/${networkHost() ?? '127.0.0.1'}/tcp/0`
  const token = await mesh.token()
  const words = ['-token', token, '-namespace', NAMESPACE, '-listen', listen]
  const go = await GoClient.run([...words, '-announce', ANNOUNCED])
  const { peer_id: peer } = go.peer
  const through = `${mesh.bootstrap.addresses[0] ?? ''}/p2p-circuit/p2p/${peer}`
  const outcomes = [
    ...go.outcomes,
    await outcome(
      'a member dials it through the relay, and both introduce themselves',
      async () => {
        return await mesh.type('command', through, 'GET_CAPABILITIES', '--json')
      }
    )
  ]
  await go.stop()
  return outcomes
}

async function findProvider(bootstrap: string, peer: string): Promise<string> {
  const nodes = new BareNodes()
  try {
    const { node } = await nodes.add({ isDhtServer: false })
    await node.dial(bootstrap)
    const signal = AbortSignal.timeout(FIND_TIMEOUT_MS)
    const { contentRouting } = node.libp2p
    for await (const { id, multiaddrs } of contentRouting.findProviders(await keyCid(ANNOUNCED), {
      signal
    })) {
      if (id.toString() === peer) return multiaddrs.join(' ')
    }
    throw new Error('it is not found')
  } finally {
    await nodes.stop()
  }
}

function agentIn(report: string): string {
  const { agent, ping_ms: pings } = JSON.parse(report) as { agent: string; ping_ms: number[] }
  return `${agent}, ${pings.length} pings`
}

async function outcome(step: string, work: () => Promise<string>): Promise<Outcome> {
  const beganMs = systemClock.monotonicMs()
  const done = await work().then(
    (detail) => ({ ok: true, detail: detail.trim() }),
    (cause: unknown) => ({ ok: false, detail: String(cause) })
  )
  return { step, ...done, ms: systemClock.monotonicMs() - beganMs }
}

function render(title: string, outcomes: readonly Outcome[]): string {
  const width = Math.max(...outcomes.map(({ step }) => step.length))
  const rows = outcomes.map(({ detail, ms, ok, step }) => {
    const verdict = ok ? 'works' : 'FAILS'
    return `${verdict}  ${step.padEnd(width)}  ${formatDuration(ms).padStart(8)}  ${oneLine(detail)}`
  })
  return ['', title, ...rows].join('\n')
}

function oneLine(detail: string): string {
  const text = detail.replace(/\s+/g, ' ')
  return text.length > DETAIL_MAX ? `${text.slice(0, DETAIL_MAX)}…` : text
}
