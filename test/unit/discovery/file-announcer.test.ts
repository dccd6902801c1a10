/** Which files are announced in the DHT, how fast, and which no more. */
import { describe, expect, it } from 'vitest'
import { FileAnnouncer } from '../../../src/discovery/file-announcer.ts'
import { fileKey } from '../../../src/protocol/ids.ts'
import { keyCid } from '../../../src/discovery/key-cid.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { settle } from '../../support/settle.ts'
import type { CID } from 'multiformats/cid'

interface Offered {
  id: string
  isShared: boolean
}

/** A DHT that says yes or no, and files that come and go. */
class Scene {
  readonly clock = new FakeClock()
  readonly provided: string[] = []
  readonly cancelled: string[] = []
  readonly announcer: FileAnnouncer
  /** Who keeps the DHT. */
  readonly table = { size: 1 }
  /** Its hold on the bootstraps. */
  readonly keeper = {
    onConnected: (callback: () => void): void => {
      this.#onConnected = callback
    }
  }
  isFailing = false
  onTheWay = 0
  onTheWayMax = 0
  #offered: Offered[] = []
  #onChanged = (): void => {}
  #onConnected = (): void => {}
  readonly #names = new Map<string, string>()

  constructor(filesMax: number) {
    const contentRouting = {
      provide: async (cid: CID): Promise<void> => {
        this.onTheWay += 1
        this.onTheWayMax = Math.max(this.onTheWayMax, this.onTheWay)
        await new Promise((resolve) => setImmediate(resolve))
        this.onTheWay -= 1
        if (this.isFailing) throw new Error('nobody answers')
        this.provided.push(this.#names.get(cid.toString()) ?? '?')
      },
      cancelReprovide: async (cid: CID): Promise<void> => {
        this.cancelled.push(this.#names.get(cid.toString()) ?? '?')
      }
    }
    this.announcer = new FileAnnouncer(
      {
        node: { libp2p: { contentRouting, services: { dht: { routingTable: this.table } } } },
        keeper: this.keeper,
        clock: this.clock,
        logger: silentLogger,
        offers: {
          newest: () => this.#offered,
          onChanged: (listener) => {
            this.#onChanged = listener
          }
        }
      },
      { namespace: 'demo', filesMax }
    )
  }

  /** The newest first; those with a star are the owner's. */
  async offer(...words: string[]): Promise<void> {
    this.#offered = words.map((word) => ({
      id: word.replace('*', ''),
      isShared: word.endsWith('*')
    }))
    for (const { id } of this.#offered) {
      this.#names.set(String(await keyCid(fileKey('demo', id))), id)
    }
    this.#onChanged()
  }

  reconnect(): void {
    this.#onConnected()
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 50) {
      this.clock.advance(50)
      await settle()
    }
  }
}

describe('files are announced', () => {
  it("so many and no more, the owner's first, two at a time", async () => {
    const scene = new Scene(3)
    await scene.announcer.start()
    await scene.offer('f2', 's2*', 'f1', 's1*')
    await scene.pass(2_000)
    expect(scene.provided).toEqual(['s2', 's1', 'f2'])
    expect(scene.onTheWayMax).toBeLessThanOrEqual(2)
    expect(scene.announcer.count).toBe(3)
    await scene.announcer.stop()
    expect(scene.clock.timerCount).toBe(0)
  })

  it('until they are gone or others are more worth it', async () => {
    const scene = new Scene(2)
    await scene.announcer.start()
    await scene.offer('b*', 'a*')
    await scene.pass(2_000)
    await scene.offer('c*', 'b*', 'a*')
    await scene.pass(2_000)
    expect(scene.provided).toEqual(['b', 'a', 'c'])
    expect(scene.cancelled).toEqual(['a'])
    await scene.offer('c*')
    await scene.pass(2_000)
    expect(scene.cancelled).toEqual(['a', 'b'])
    await scene.announcer.stop()
  })

  it('slowly, however many there are', async () => {
    const scene = new Scene(1_000)
    await scene.announcer.start()
    await scene.offer(...Array.from({ length: 500 }, (_, index) => `f${index}`))
    await scene.pass(1_500)
    expect(scene.provided.length).toBeGreaterThan(2)
    expect(scene.provided.length).toBeLessThan(50)
    await scene.announcer.stop()
  })

  it('when somebody is there to keep it, again after a failure, and anew for a bootstrap that has come back', async () => {
    const scene = new Scene(10)
    scene.table.size = 0
    await scene.announcer.start()
    await scene.offer('a*')
    await scene.pass(5_000)
    expect(scene.onTheWayMax).toBe(0)
    scene.table.size = 1
    scene.isFailing = true
    scene.reconnect()
    await scene.pass(10_000)
    expect(scene.onTheWayMax).toBe(1)
    expect(scene.provided).toEqual([])
    scene.isFailing = false
    await scene.pass(120_000)
    expect(scene.provided).toEqual(['a'])
    scene.reconnect()
    await scene.pass(2_000)
    expect(scene.provided).toEqual(['a', 'a'])
    await scene.announcer.stop()
  })
})
