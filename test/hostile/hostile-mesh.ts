/**
 * The mesh that is attacked: a closed one of real processes on loopback, with a home and an authority of its own.
 * The authority also gives the attackers what they are to have: certificates of low roles, spoilt ones, tokens of
 * the API.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPair, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { ApiClient } from '../../src/client/api-client.ts'
import { systemClock } from '../../src/core/clock.ts'
import { createAuthority } from '../../src/membership/authority.ts'
import { issueCertificate } from '../../src/membership/certificates.ts'
import { createJoinToken } from '../../src/membership/join-tokens.ts'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { until } from '../support/until.ts'
import { Victim } from './victim.ts'
import type { Authority } from '../../src/membership/authority.ts'
import type { MemberRole } from '../../src/membership/documents.ts'
import type { Door, Identity, Papers, Target } from './attack.ts'

/** As its owner has it. */
interface ApiAccess {
  url: string
  token: string
}

const NAMESPACE = 'attacked'
const WORKERS = 3
const SHARED_FILES = 64
const SHARED_BYTES = 8 * 1_024
const DAY_MS = 86_400_000

export class HostileMesh {
  readonly home: string
  readonly namespace: string = NAMESPACE
  readonly client: ApiClient
  readonly victims: readonly Victim[]
  /** Ids of small files that the share node offers. */
  readonly files: readonly string[]
  readonly #authority: Authority
  readonly #router: ApiAccess
  readonly #monitor: ApiAccess

  private constructor(
    init: Pick<HostileMesh, 'files' | 'home' | 'victims'>,
    authority: Authority,
    { monitor, router }: Record<'monitor' | 'router', ApiAccess>
  ) {
    this.home = init.home
    this.victims = init.victims
    this.files = init.files
    this.client = new ApiClient(router)
    this.#authority = authority
    this.#router = router
    this.#monitor = monitor
  }

  static async start(): Promise<HostileMesh> {
    const home = mkdtempSync(join(tmpdir(), 'taskmesh-hostile-'))
    const authority = createAuthority(home)
    const folder = shareFiles(home)
    const start = async (name: string, ...words: string[]): Promise<Victim> =>
      await Victim.start({
        name,
        home,
        words: [...words, '--listen', '/ip4/127.0.0.1/tcp/0'],
        env: environmentOf(home)
      })
    const bootstrap = await start('bootstrap', 'bootstrap')
    const way = ['--bootstrap', bootstrap.report.addresses[0] ?? '']
    const names = Array.from({ length: WORKERS }, (_, index) => `worker-${index + 1}`)
    const [router, monitor, ...others] = await Promise.all([
      start('router', 'router', ...way, '--http', '127.0.0.1:0'),
      start('monitor', 'monitor', ...way, '--web-port', '0'),
      start('share', 'share', ...way, '--share-dir', folder),
      ...names.map((name) => start(name, 'worker', ...way, '--slots', '4'))
    ])
    const doors = { monitor: accessTo(monitor), router: accessTo(router) }
    const client = new ApiClient(doors.router)
    await until(
      'workers ready',
      () => client.nodes(),
      (nodes) => nodes.filter(({ state }) => state === 'ready').length === WORKERS
    )
    const files = await until(
      'shared files in the catalogue',
      async () => (await client.files({ limit: SHARED_FILES })).rows.map(({ id }) => id),
      ({ length }) => length === SHARED_FILES
    )
    const victims = [bootstrap, router, monitor, ...others]
    return new HostileMesh({ files, home, victims }, authority, doors)
  }

  get targets(): Target[] {
    return this.victims.map(({ name, report }) => {
      const address = report.addresses[0] ?? ''
      const { port = '' } = /\/tcp\/(?<port>\d+)/.exec(address)?.groups ?? {}
      return { name, role: report.role, peer: report.peer_id, address, port: Number(port) }
    })
  }

  /** Members with keys of their own and certificates of the authority. */
  async members(role: MemberRole, count: number): Promise<Identity[]> {
    return await Promise.all(Array.from({ length: count }, () => this.#member(role)))
  }

  /** What somebody outside might have got hold of, or makes up. */
  async papers(): Promise<Papers> {
    const nowMs = systemClock.wallMs()
    const stale = {
      role: 'worker' as const,
      bootstrap: [],
      lifeMs: DAY_MS,
      nowMs: nowMs - 2 * DAY_MS
    }
    const [expired, early] = await Promise.all([
      this.#member('worker', { nowMs: nowMs - 2 * DAY_MS, lifeMs: DAY_MS }),
      this.#member('worker', { nowMs: nowMs + DAY_MS, lifeMs: DAY_MS })
    ])
    const { certificate: stolen } = await this.#member('router')
    const token = await createJoinToken(
      {
        ...stale,
        exchange: {
          issuer: this.victims[0]?.report.peer_id ?? '',
          uses: 5,
          needsApproval: false
        }
      },
      this.#authority
    )
    return {
      early,
      expired,
      stolen,
      staleToken: token.replace('tmjoin_', ''),
      meshId: this.#authority.meshId
    }
  }

  /** The APIs of router and monitor. */
  async doors(): Promise<{ api: Door; front: Door }> {
    const [api, front] = await Promise.all([doorOf(this.#router), doorOf(this.#monitor)])
    return { api, front }
  }

  /** @param init.keep leaves the folder with stores and logs */
  async stop({ keep = false }: { keep?: boolean } = {}): Promise<void> {
    await Promise.all(this.victims.map((victim) => victim.stop()))
    if (!keep) rmSync(this.home, { recursive: true, force: true, maxRetries: 5 })
  }

  async #member(
    role: MemberRole,
    life: { nowMs: number; lifeMs?: number } = { nowMs: systemClock.wallMs() }
  ): Promise<Identity> {
    const key = await generateKeyPair('Ed25519')
    const peer = peerIdFromPrivateKey(key).toString()
    const certificate = await issueCertificate({ peer, role, ...life }, this.#authority)
    return { key: Buffer.from(privateKeyToProtobuf(key)).toString('base64'), peer, certificate }
  }
}

function accessTo({ report }: Victim): ApiAccess {
  return JSON.parse(readFileSync(join(report.folder, 'api.json'), 'utf8')) as ApiAccess
}

async function doorOf({ token: own, url }: ApiAccess): Promise<Door> {
  const owner = new ApiClient({ url, token: own })
  const token = async (scope: 'read' | 'submit'): Promise<string> => {
    const { token: text = '' } = await owner.createToken({ name: `hostile-${scope}`, scope })
    // Where wrong tokens come from, only those that were used before are looked at.
    await new ApiClient({ url, token: text }).peers()
    return text
  }
  return { url, readToken: await token('read'), submitToken: await token('submit') }
}

function shareFiles(home: string): string {
  const folder = join(home, 'shared')
  mkdirSync(folder)
  for (let index = 0; index < SHARED_FILES; index += 1) {
    writeFileSync(join(folder, `file-${index}`), Buffer.alloc(SHARED_BYTES, `file ${index} `))
  }
  return folder
}

/** What the harness sets counts, not what the shell around it has. */
function environmentOf(home: string): Record<string, string> {
  const own = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !entry[0].startsWith('TASKMESH_')
  )
  return {
    ...Object.fromEntries(own),
    TASKMESH_HOME: home,
    TASKMESH_NAMESPACE: NAMESPACE,
    TASKMESH_LOG_LEVEL: 'debug'
  }
}
