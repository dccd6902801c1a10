/** How a router follows the lists of others: when it reads, what it believes, when it forgets. */
import { afterEach, describe, expect, it } from 'vitest'
import { FileCatalogue } from '../../../src/discovery/file-catalogue.ts'
import { FileFollower } from '../../../src/discovery/file-follower.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import { MeshError } from '../../../src/core/errors.ts'
import { seededRandom } from '../../../src/core/random.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { idOf } from '../../support/fake-library.ts'
import { recordOf } from '../../support/spawn-discovery.ts'
import { settle } from '../../support/settle.ts'
import type { FilePresence } from '../../../src/model/generated/file-presence.ts'
import type {
  ListFilesParams,
  ListFilesResult
} from '../../../src/model/generated/commands-list-files.ts'
import type { MeshError as Failure } from '../../../src/core/errors.ts'
import type { SessionListener } from '../../../src/protocol/session-service.ts'

const PEER = 'p'
const NAMESPACE = 'demo'

/** One node that is asked, and the router that follows it. */
class Scene {
  readonly clock = new FakeClock()
  readonly catalogue = new FileCatalogue()
  readonly follower: FileFollower
  readonly asked: ListFilesParams[] = []
  answer: (params: ListFilesParams) => ListFilesResult = () => page(['a'])
  failure: Failure | undefined
  namespace = NAMESPACE
  #listener: SessionListener = {}

  constructor(nodesMax?: number) {
    const request = async ({ command, params }: { command: string; params: ListFilesParams }) => {
      if (this.failure !== undefined) throw this.failure
      if (command === 'GET_CAPABILITIES') return { result: this.#capabilities() }
      this.asked.push(params)
      return { result: this.answer(params) }
    }
    const sessions = {
      listen: (listener: SessionListener) => {
        this.#listener = listener
      },
      open: async (remotePeer: string) => ({ remotePeer, request })
    }
    this.follower = new FileFollower(
      {
        sessions: sessions as never,
        node: { selfPeer: 'self', learnAddresses: async () => {} },
        catalogue: this.catalogue,
        clock: this.clock,
        logger: silentLogger,
        random: seededRandom(1)
      },
      { namespace: NAMESPACE, ...(nodesMax === undefined ? {} : { nodesMax }) }
    )
  }

  async start(): Promise<this> {
    await this.follower.start()
    return this
  }

  async says(about: Partial<FilePresence> = {}): Promise<void> {
    const news = { version: 1 as const, namespace: NAMESPACE, seq: 1, count: 1, addresses: [] }
    this.follower.onPresence({ ...news, peer_id: PEER, run: 'r', revision: 1, ...about })
    await settle()
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 500) {
      this.clock.advance(500)
      await settle()
    }
  }

  async close(): Promise<void> {
    this.failure = new MeshError('PEER_UNREACHABLE', 'gone')
    this.#listener.onClosed?.(PEER, this.failure)
    await settle()
  }

  files(): string[] {
    return [...this.catalogue.filesOf(PEER)]
  }

  #capabilities(): object {
    const about = { latency_ms: 0, reputation: 0.4, role: 'share', agent: 'test' }
    return { ...recordOf(PEER).capabilities, ...about, namespace: this.namespace }
  }
}

function page(words: readonly string[], about: Partial<ListFilesResult> = {}): ListFilesResult {
  const files = words.map((word) => ({ file_hash: idOf(word), name: word, size: 1 }))
  return { files, next: { run: 'r', revision: 1 }, has_more: false, ...about }
}

let scene: Scene
afterEach(async () => {
  await scene.follower.stop()
})

describe('a node that says that it has files', () => {
  it('is asked once for each change, and now and then', async () => {
    scene = await new Scene().start()
    await scene.says()
    await scene.says({ seq: 2 })
    expect(scene.asked).toEqual([{}])
    expect(scene.files()).toEqual([idOf('a')])
    expect(scene.follower.ageMs(PEER)).toBe(0)
    scene.answer = () => page(['b'], { gone: [idOf('a')], next: { run: 'r', revision: 3 } })
    await scene.says({ revision: 3 })
    expect(scene.asked[1]).toEqual({ since: { run: 'r', revision: 1 } })
    expect(scene.files()).toEqual([idOf('b')])
    await scene.pass(90_000)
    expect(scene.asked.length).toBeGreaterThan(2)
  })

  it('that was started anew has what it says now, and nothing else', async () => {
    scene = await new Scene().start()
    scene.answer = () => page(['a', 'b'])
    await scene.says()
    scene.answer = () => page(['b'], { is_restart: true, next: { run: 's', revision: 1 } })
    await scene.says({ run: 's' })
    expect(scene.files()).toEqual([idOf('b')])
  })

  it('that is cut off keeps what it has for a while, and is asked only for the rest when it is back', async () => {
    scene = await new Scene().start()
    await scene.says()
    await scene.close()
    await scene.pass(5_000)
    expect(scene.files()).toEqual([idOf('a')])
    scene.failure = undefined
    scene.answer = () => page([])
    await scene.pass(10_000)
    expect(scene.asked.at(-1)).toEqual({ since: { run: 'r', revision: 1 } })
    expect(scene.files()).toEqual([idOf('a')])
  })

  it('that does not come back is forgotten with all that it had', async () => {
    scene = await new Scene().start()
    await scene.says()
    await scene.close()
    await scene.pass(60_000)
    expect(scene.files()).toEqual([])
    expect(scene.follower.ageMs(PEER)).toBe(Infinity)
  })

  it('and goes on without end, or answers what is no list, is not believed', async () => {
    scene = await new Scene().start()
    scene.answer = () => page([], { has_more: true })
    await scene.says()
    expect(scene.asked).toHaveLength(1)
    scene.answer = () => ({ files: 'none' }) as never
    await scene.says()
    expect(scene.files()).toEqual([])
  })

  it('in a list that never ends leaves others their turn, and is given up', async () => {
    scene = await new Scene().start()
    const words = Array.from({ length: 1_000 }, (_, index) => index)
    const endless = page(words.map(String), { has_more: true })
    scene.answer = () => endless
    await scene.says()
    expect(scene.asked.length).toBeLessThan(100)
    await scene.pass(60_000)
    expect(scene.asked.length).toBeLessThanOrEqual((4 * LIMITS.offersPerPeerMax) / 1_000 + 1)
    expect(scene.files()).toEqual([])
  })
})

describe('a node that is read', () => {
  it('and answers slowly has its turn cut short', async () => {
    scene = await new Scene().start()
    scene.answer = () => {
      scene.clock.advance(3_000)
      return page(['a'], { has_more: true })
    }
    await scene.says()
    expect(scene.asked).toHaveLength(2)
  })

  it('and begins its list anew with each page is given up', async () => {
    scene = await new Scene().start()
    const words = Array.from({ length: 1_000 }, (_, index) => String(index))
    scene.answer = () => page(words)
    await scene.says()
    scene.answer = () => page(['x'], { has_more: true, is_restart: true })
    await scene.says({ run: 's' })
    await scene.pass(60_000)
    expect(scene.asked.length).toBeLessThanOrEqual((4 * LIMITS.offersPerPeerMax) / 1_000 + 2)
    expect(scene.files()).toEqual([])
  })
})

describe('a node that others name', () => {
  it('is asked what it is before it is believed', async () => {
    scene = await new Scene().start()
    scene.namespace = 'other'
    scene.follower.onFound(PEER, [])
    await settle()
    expect(scene.asked).toEqual([])
    scene.namespace = NAMESPACE
    scene.follower.onFound(PEER, [])
    await settle()
    expect(scene.files()).toEqual([idOf('a')])
  })

  it('and does not answer is not kept, so that names cost nothing', async () => {
    scene = await new Scene().start()
    scene.failure = new MeshError('PEER_UNREACHABLE', 'nobody')
    for (let index = 0; index < 2 * LIMITS.fileNodesMax; index += 1) {
      scene.follower.onFound(`p${index}`, [])
    }
    await settle()
    scene.failure = undefined
    await scene.pass(1_000)
    scene.follower.onFound(PEER, [])
    await settle()
    expect(scene.files()).toEqual([idOf('a')])
  })
})

describe('a worker of the directory', () => {
  it('is read when it comes, again when it was lost, and forgotten with its entry there', async () => {
    scene = await new Scene().start()
    const open = { peer: PEER, availability: 'open' } as const
    scene.follower.onWorker({ ...open, type: 'node:joined' })
    await settle()
    scene.follower.onWorker({ peer: PEER, type: 'node:changed', availability: 'cordoned' })
    await settle()
    expect(scene.asked).toHaveLength(1)
    scene.follower.onWorker({ peer: PEER, type: 'node:changed', availability: 'unreachable' })
    scene.follower.onWorker({ ...open, type: 'node:changed' })
    await settle()
    expect(scene.asked).toHaveLength(2)
    scene.follower.onWorker({ peer: PEER, type: 'node:left', availability: 'unreachable' })
    expect(scene.files()).toEqual([])
    expect(scene.clock.timerCount).toBe(0)
  })
})

/** Whose list the router has. */
const known = (): string[] =>
  ['x', 'y', 'z', PEER].filter((peer) => scene.follower.ageMs(peer) < Infinity)

describe('of more nodes than it follows', () => {
  it('those without files make room, and those that have some stay', async () => {
    scene = await new Scene(2).start()
    await scene.says({ peer_id: 'x' })
    scene.answer = () => page([])
    await scene.says({ peer_id: 'y' })
    scene.answer = () => page(['b'])
    await scene.says({ peer_id: 'z' })
    expect(known()).toEqual(['x', 'z'])
    // Now each has files, and nobody makes room for one more name.
    await scene.says()
    expect(known()).toEqual(['x', 'z'])
  })

  it('names of nobody make room, however many there are', async () => {
    scene = await new Scene(2).start()
    await scene.says({ peer_id: 'x' })
    scene.failure = new MeshError('PEER_UNREACHABLE', 'nobody there')
    for (let count = 0; count < 20; count += 1) scene.follower.onFound(`nobody-${count}`, [])
    scene.failure = undefined
    await scene.says()
    expect(known()).toEqual(['x', PEER])
  })
})
