/** What an attack is, and what its process is told. */
import type { ReadyReport } from '../../src/roles/role.ts'
import type { Random } from '../../src/core/random.ts'
import type { RawPeer } from './raw-peer.ts'
import type { Tally } from './tally.ts'

/** `stranger`: no certificate. `member`: one of a client. `worker`: one of a worker. `http`: the router's API alone. */
export type Attacker = 'stranger' | 'member' | 'worker' | 'http'

export interface Target {
  name: string
  role: ReadyReport['role']
  peer: string
  address: string
  port: number
}

export interface Identity {
  /** In base64. */
  key: string
  peer: string
  certificate: string
}

export interface Papers {
  meshId: string
  /** Ran out yesterday. */
  expired: Identity
  /** Begins tomorrow. */
  early: Identity
  /** Certificate of a router, which somebody else has the key of. */
  stolen: string
  /** A token that has run out. */
  staleToken: string
}

/** An API, with tokens of low scopes. */
export interface Door {
  url: string
  readToken: string
  submitToken: string
}

export interface Order {
  /** Names of attacks, in turn; each has the same time. */
  attacks: readonly string[]
  who: Attacker
  seconds: number
  seed: number
  /** Of one core, what this process may take. */
  cpuShare: number
  namespace: string
  /** Where the attackers of this process come from. */
  localAddress: string
  targets: readonly Target[]
  /** One for each attack. */
  identities: readonly Identity[]
  papers: Papers
  api: Door
  /** That of a monitor, which passes on what it is asked. */
  front: Door
  files: readonly string[]
}

/** What one step of an attack has at hand. */
export interface Stage extends Pick<
  Order,
  'api' | 'files' | 'front' | 'localAddress' | 'namespace' | 'papers'
> {
  random: Random
  tally: Tally
  /** Counts the steps. */
  step: number
  /** All of them. */
  targets: readonly Target[]
  /** Whose turn it is, by chance: so every victim gets every variant of an attack. */
  target: Target
  /** This attack's own, for members. */
  identity: Identity
  signal: AbortSignal
  /** A new peer without a certificate. */
  stranger: () => Promise<RawPeer>
  /** The peer of this attack, which has shown its certificate wherever it connects. */
  member: () => Promise<RawPeer>
  /** Somebody else's turn to be closed: the oldest of so many is, and all when the attack is over. */
  hold: (close: () => void) => void
}

export interface Attack {
  name: string
  who: Attacker
  /** For people. */
  what: string
  /** Steps a second, at most. */
  perSecond: number
  /** @default 256 */
  heldMax?: number
  step: (stage: Stage) => Promise<void>
}
