/** What the doctor says on machines with all kinds of ways into the mesh, of which it sees nothing but what is there. */
import { beforeAll, expect, test } from 'vitest'
import { NetMesh } from './net-mesh.ts'
import { buildWorld } from './world.ts'
import type { Host } from './host.ts'
import type { MeshFacts } from '../../src/cli/survey/facts.ts'
import type { NetNode } from './net-mesh.ts'
import type { SectionReport } from '../../src/cli/doctor/checks.ts'

const world = buildWorld()
const [firstHost, secondHost, serverHost, visitorHost] = [
  world.host('boot1'),
  world.host('boot2'),
  world.host('server'),
  world.host('visitor')
]
const lans = { cone: world.lan('home', 'cone'), symmetric: world.lan('office', 'symmetric') }
const workerHosts = { cone: lans.cone.host('desk'), symmetric: lans.symmetric.host('desk') }

let mesh: NetMesh
let bootstraps: NetNode[]

interface Diagnosis {
  code: number
  summaries: Record<string, string | undefined>
  /** All findings of the mesh's sections: `section severity what`. */
  findings: string[]
  facts: MeshFacts
}

const OF_MESH = ['reachability', 'NAT', 'relays', 'DHT', 'clock', 'versions']

async function diagnose(host: Host): Promise<Diagnosis> {
  const { code, stdout } = await host.tries('doctor', '--json')
  const view = JSON.parse(stdout) as { sections: SectionReport[]; mesh: MeshFacts }
  const sections = view.sections.filter(({ section }) => OF_MESH.includes(section))
  return {
    code,
    facts: view.mesh,
    summaries: Object.fromEntries(sections.map(({ section, summary }) => [section, summary])),
    findings: sections.flatMap(({ findings, section }) =>
      findings.map(({ severity, what }) => `${section} ${severity}: ${what}`)
    )
  }
}

beforeAll(async () => {
  mesh = await NetMesh.init(firstHost)
  bootstraps = await Promise.all([
    mesh.bootstrap(firstHost),
    mesh.bootstrap(secondHost, '--relay-data', '10MiB')
  ])
  const workers = await Promise.all(
    [workerHosts.cone, workerHosts.symmetric].map((host) => mesh.worker(host))
  )
  const router = await mesh.router(serverHost)
  await Promise.all([workerHosts.cone, serverHost, visitorHost].map((host) => mesh.visitor(host)))
  await router.untilReady(...workers)
  for (const worker of workers) {
    await router.untilAddresses(
      worker,
      'both relays',
      (addresses) => addresses.filter((one) => one.includes('/p2p-circuit')).length >= 2
    )
  }
})

test.each<['cone' | 'symmetric', string]>([
  ['cone', 'cone, behind 45.0.0.101: holes can be punched through it'],
  ['symmetric', 'symmetric, behind 45.0.0.102']
])('behind a %s gateway it knows that, and that relays reach the worker', async (kind, nat) => {
  const { code, findings, summaries } = await diagnose(workerHosts[kind])
  expect(summaries['NAT']).toBe(nat)
  expect(summaries['relays']).toContain('desk-worker has a place at')
  expect(summaries['reachability']).toContain('bootstraps that answer: 2 of 2')
  expect(summaries['reachability']).toContain('desk-worker: reached by relays')
  expect(findings.filter((one) => !one.includes(' note: '))).toEqual([])
  expect(code).toBe(0)
})

test('another node finds the worker in the DHT; where nobody may visit the mesh, it says so', async () => {
  const member = await diagnose(workerHosts.cone)
  expect(member.summaries['DHT']).toBe('another node finds desk-worker')
  const stranger = await diagnose(workerHosts.symmetric)
  expect(stranger.findings).toContainEqual(expect.stringContaining('DHT note: whether others find'))
  expect(stranger.summaries['clock']).toBe('goes with those of 2 bootstraps')
})

test('before anything runs there, a machine hears what places it could have', async () => {
  const { findings, summaries } = await diagnose(visitorHost)
  expect(summaries['relays']).toBe(
    'bootstraps that relay: 2 of 2; 2 places to be had (no limits; 10MiB for each connection)'
  )
  expect(findings).toEqual([])
})

test('a public machine has no gateway, and everybody can dial its router', async () => {
  const { code, facts, findings, summaries } = await diagnose(serverHost)
  expect(summaries['NAT']).toBe(`none: ${serverHost.address} is this machine's own address`)
  expect(summaries['reachability']).toContain('server-router: can be dialled by everybody')
  expect(summaries['DHT']).toBe('another node finds server-router')
  expect(facts.visit.places.every(({ refusal }) => refusal === undefined)).toBe(true)
  expect(findings).toEqual([])
  expect(code).toBe(0)
})

test('of bootstraps that are dead it says which, and exits with 1 once all are', async () => {
  const [first, second] = bootstraps as [NetNode, NetNode]
  await second.kill()
  const one = await diagnose(workerHosts.cone)
  expect(one.summaries['reachability']).toContain('bootstraps that answer: 1 of 2')
  expect(one.findings).toContainEqual(
    expect.stringMatching(/^reachability warning: .*45\.0\.0\.2.* nobody listens there/)
  )
  expect(one.code).toBe(0)
  // Its cable out: nobody says a word.
  first.host.cut()
  const none = await diagnose(workerHosts.cone)
  expect(none.findings).toContainEqual(
    expect.stringMatching(/^reachability problem: .*45\.0\.0\.1.* no answer within 5 s/)
  )
  expect(none.code).toBe(1)
})
