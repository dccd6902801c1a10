/** A mesh with an authority in one process: real nodes over the memory transport, and one clock that a test moves. */
import { FakeClock } from './fake-clock.ts'
import { Mesh, until } from './spawn-mesh.ts'
import { createMembership } from '../../src/enrolment/mesh-membership.ts'
import { grantMembership } from '../../src/membership/own-grants.ts'
import { peerOf, publicRawOf } from '../../src/core/peer-keys.ts'
import { silentLogger } from '../../src/observe/logger.ts'
import { signNotice } from '../../src/membership/notices.ts'
import { temporaryIdentity } from '../../src/network/identity.ts'
import { createJoinToken, readJoinToken, signedTextOf } from '../../src/membership/join-tokens.ts'
import { HOUR_MS, NOW_MS, buildAuthority } from './build-authority.ts'
import type { Authority } from '../../src/membership/authority.ts'
import type { Logger } from '../../src/observe/logger.ts'
import type { MemberRole } from '../../src/membership/documents.ts'
import type { MeshEntry } from '../../src/enrolment/mesh-entry.ts'
import type { OwnMembership } from '../../src/membership/own-membership.ts'
import type { PrivateKey } from '@libp2p/interface'
import type { SpawnInit, SpawnedNode } from './spawn-mesh.ts'

export interface MemberInit extends Omit<SpawnInit, 'clock' | 'enrol'> {
  bootstrap?: readonly string[]
  /** Where it keeps what it has. */
  folder?: string
  labels?: Readonly<Record<string, string>>
  logger?: Logger
  /** How long its certificate lasts. */
  lifeMs?: number
  /** Instead of what the authority would give to it. */
  membership?: OwnMembership
  /** Comes in by this, and has nothing else. */
  token?: string
  /** Of its own, where it is wrong. */
  clock?: FakeClock
  /** Keeps its own certificate going. */
  isAuthorityHere?: boolean
}

export interface Member extends SpawnedNode {
  role: MemberRole
}

export class ClosedMesh {
  readonly mesh: Mesh = new Mesh()
  readonly clock: FakeClock = new FakeClock(NOW_MS)
  readonly authority: Authority

  constructor(authority: Authority = buildAuthority()) {
    this.authority = authority
  }

  async grant(
    role: MemberRole,
    key: PrivateKey,
    { bootstrap = [], labels, lifeMs }: MemberInit = {}
  ): Promise<OwnMembership> {
    const peer = peerOf(publicRawOf(key))
    const nowMs = this.clock.wallMs()
    return await grantMembership(this.authority, { peer, role, nowMs, labels, lifeMs, bootstrap })
  }

  /** What to spawn a node with, for meshes of more than this. */
  async init(role: MemberRole, init: MemberInit = {}): Promise<SpawnInit> {
    const { clock = this.clock, folder, logger = silentLogger, ...rest } = init
    const key = init.key ?? (await temporaryIdentity())
    const entry = await this.#entryOf(role, key, init)
    return {
      ...rest,
      key,
      enrol: (components) =>
        createMembership({ ...components, clock, folder, logger }, entry, { role })
    }
  }

  async #entryOf(role: MemberRole, key: PrivateKey, init: MemberInit): Promise<MeshEntry> {
    const token = init.token === undefined ? undefined : tokenIn(init.token)
    const granted = token === undefined ? await this.grant(role, key, init) : undefined
    return {
      meshId: this.authority.meshId,
      bootstrap: [...(init.bootstrap ?? []), ...(token?.claims.bootstrap ?? [])],
      membership: init.membership ?? granted,
      token,
      authority: init.isAuthorityHere === true ? this.authority : undefined,
      networkKey: undefined,
      namespace: undefined,
      notices: []
    }
  }

  async add(role: MemberRole, init: MemberInit = {}): Promise<Member> {
    return { ...(await this.mesh.add(await this.init(role, init))), role }
  }

  async tokenFor(
    issuer: SpawnedNode,
    role: MemberRole,
    { needsApproval = false, uses = 1 }: { needsApproval?: boolean; uses?: number } = {}
  ): Promise<string> {
    const exchange = { issuer: issuer.peer, uses, needsApproval }
    const bootstrap = [issuer.address]
    const init = { role, bootstrap, exchange, nowMs: this.clock.wallMs(), lifeMs: HOUR_MS }
    return await createJoinToken(init, this.authority)
  }

  async notice(verdict: 'ban' | 'pardon', sub: string): Promise<string> {
    return await signNotice({ sub, verdict, nowMs: this.clock.wallMs() }, this.authority)
  }

  /** Lets time pass, a little at a time, until it holds. */
  async passUntil(check: () => boolean, { stepMs = 1_000, maxMs = 120_000 } = {}): Promise<number> {
    let passedMs = 0
    while (!check()) {
      if (passedMs >= maxMs) throw new Error(`not within ${maxMs} ms`)
      this.clock.advance(stepMs)
      passedMs += stepMs
      // What a timer has begun takes its turns on the wire.
      for (let turn = 0; turn < TURNS && !check(); turn += 1) {
        // oxlint-disable-next-line no-await-in-loop -- turns
        await new Promise<void>((resolve) => setImmediate(resolve))
      }
    }
    return passedMs
  }

  async stop(): Promise<void> {
    await this.mesh.stop()
  }
}

const TURNS = 200

function tokenIn(text: string): MeshEntry['token'] {
  return { claims: readJoinToken(text), signedText: signedTextOf(text) }
}

/** Dials, and waits until each has seen the other's certificate. */
export async function meet(from: SpawnedNode, to: SpawnedNode): Promise<void> {
  await from.node.dial(to.address)
  await until(
    () => from.access.memberOf(to.peer) !== undefined && to.access.memberOf(from.peer) !== undefined
  )
}

/** Whether a node takes another for a member. */
export function knows(one: SpawnedNode, other: SpawnedNode): boolean {
  return one.access.memberOf(other.peer) !== undefined
}
