/** A node that was in its mesh finds back by those that it knew there, when no bootstrap answers. */
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { PEER_BOOK_FILE, PeerBook } from '../../../src/network/contact/peer-book.ts'
import { PeerRecall } from '../../../src/network/contact/peer-recall.ts'
import { peerOf } from '../../../src/core/peer-keys.ts'
import { seededRandom } from '../../../src/core/random.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import { temporaryIdentity } from '../../../src/network/identity.ts'
import { ClosedMesh, meet } from '../../support/closed-mesh.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { Mesh, until } from '../../support/spawn-mesh.ts'
import type { MemberRole } from '../../../src/membership/documents.ts'
import type { SpawnedNode } from '../../support/spawn-mesh.ts'

const mesh = new Mesh()
const closed: ClosedMesh[] = []
const recalls: PeerRecall[] = []
const folders: string[] = []
afterEach(async () => {
  for (const recall of recalls.splice(0)) await recall.stop()
  for (const one of closed.splice(0)) await one.stop()
  await mesh.stop()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'peer-recall-'))
  chmodSync(folder, 0o700)
  folders.push(folder)
  return folder
}

interface Scene {
  recall: PeerRecall
  clock: FakeClock
  /** Its hold on the bootstraps. */
  keeper: { count: number; isConnected: boolean }
  book: PeerBook
  /** Peers in the file. */
  written: () => string[]
}

async function remember(
  { access, node }: SpawnedNode,
  folder: string,
  { count = 1, wanted = [] }: { count?: number; wanted?: readonly MemberRole[] } = {}
): Promise<Scene> {
  const file = join(folder, PEER_BOOK_FILE)
  const clock = new FakeClock()
  const keeper = { count, isConnected: false }
  const book = new PeerBook({ file, logger: silentLogger, wanted })
  const shared = { access, book, clock, keeper, logger: silentLogger, node }
  const recall = new PeerRecall({ ...shared, random: seededRandom(1) })
  recalls.push(recall)
  await recall.start()
  const written = (): string[] =>
    (JSON.parse(readFileSync(file, 'utf8')) as { peers: { peer_id: string }[] }).peers.map(
      (row) => row.peer_id
    )
  return { recall, clock, keeper, book, written }
}

async function advanceUntil(clock: FakeClock, check: () => boolean): Promise<void> {
  await until(() => {
    clock.advance(1_000)
    return check()
  })
}

/** A folder in which a node has left that it knew these. */
async function folderOf(node: SpawnedNode, ...known: SpawnedNode[]): Promise<string> {
  const folder = newFolder()
  const { book, clock, recall } = await remember(node, folder)
  for (const other of known) await node.node.dial(other.address)
  await advanceUntil(clock, () => book.size === known.length)
  await recall.stop()
  return folder
}

describe('a node that was in the mesh', () => {
  it('writes down whom it is connected with, by the address that has worked', async () => {
    const node = await mesh.add()
    const router = await mesh.add()
    const scene = await remember(node, newFolder())
    await node.node.dial(router.address)
    await advanceUntil(scene.clock, () => scene.book.size === 1)
    scene.clock.advance(2_000)
    expect(scene.written()).toEqual([router.peer])
    const [address] = scene.book.ranked()[0]?.addresses ?? []
    expect(`${address}/p2p/${router.peer}`).toBe(router.address)
  })

  it('finds a router again though every bootstrap is dead, after a little patience', async () => {
    const key = await temporaryIdentity()
    const router = await mesh.add()
    const before = await mesh.add({ key })
    const folder = await folderOf(before, router)
    await before.stop()
    const node = await mesh.add({ key })
    const { clock } = await remember(node, folder)
    clock.advance(4_000)
    expect(node.node.libp2p.getPeers()).toEqual([])
    await advanceUntil(clock, () => node.node.isConnected(router.peer))
  })

  it('leaves them alone as long as a bootstrap is connected, and comes to them once it is not', async () => {
    const [router, node] = [await mesh.add(), await mesh.add()]
    const folder = await folderOf(node, router)
    await node.node.libp2p.hangUp(router.node.libp2p.peerId)
    const { clock, keeper } = await remember(node, folder)
    keeper.isConnected = true
    for (let second = 0; second < 60; second += 1) clock.advance(1_000)
    expect(node.node.isConnected(router.peer)).toBe(false)
    keeper.isConnected = false
    await advanceUntil(clock, () => node.node.isConnected(router.peer))
  })

  it('that was named no bootstrap goes to them at once', async () => {
    const [router, node] = [await mesh.add(), await mesh.add()]
    const folder = await folderOf(node, router)
    await node.node.libp2p.hangUp(router.node.libp2p.peerId)
    const { clock } = await remember(node, folder, { count: 0 })
    await until(() => node.node.isConnected(router.peer))
    expect(clock.monotonicMs()).toBe(0)
  })

  it('asks one that does not answer less and less often, until it is told that all may be different', async () => {
    const [gone, node] = [await mesh.add(), await mesh.add()]
    const folder = await folderOf(node, gone)
    await gone.stop()
    await until(() => !node.node.isConnected(gone.peer))
    let dials = 0
    node.node.dial = async () => {
      dials += 1
      throw new Error('nobody is there')
    }
    const { clock, recall } = await remember(node, folder)
    const settled = async (): Promise<void> => {
      const before = dials
      await new Promise((resolve) => setImmediate(resolve))
      if (dials !== before) await settled()
    }
    for (let second = 0; second < 600; second += 1) {
      clock.advance(1_000)
      await settled()
    }
    expect(dials).toBeGreaterThan(5)
    expect(dials).toBeLessThan(20)
    const before = dials
    recall.dialNow()
    await until(() => dials === before + 1)
  })

  it('dials three at a time, and no more of the others than it takes not to be alone', async () => {
    const node = await mesh.add()
    const folder = newFolder()
    const { book, clock } = await remember(node, folder)
    for (let number = 0; number < 30; number += 1) {
      const peer = peerOf(new Uint8Array(32).fill(number + 1))
      const addresses = [`/memory/nowhere-${number}`]
      book.note({ peer, role: 'share', keepsDht: false, addresses, lastSeenMs: number })
    }
    let [open, most] = [0, 0]
    const ends: (() => void)[] = []
    node.node.dial = async () => {
      open += 1
      most = Math.max(most, open)
      await new Promise<void>((resolve) => ends.push(resolve))
      open -= 1
      return ''
    }
    await advanceUntil(clock, () => open === 3)
    clock.advance(5_000)
    expect(most).toBe(3)
    for (const end of ends) end()
  })

  it('that has stopped has no timer left, and has written what it knew', async () => {
    const [router, node] = [await mesh.add(), await mesh.add()]
    const { book, clock, recall, written } = await remember(node, newFolder())
    await node.node.dial(router.address)
    await advanceUntil(clock, () => book.size === 1)
    await recall.stop()
    await recall.stop()
    expect(clock.timerCount).toBe(0)
    expect(written()).toEqual([router.peer])
  })
})

describe('in a closed mesh', () => {
  it('only who has shown a certificate is noted, with its role', async () => {
    const own = new ClosedMesh()
    closed.push(own)
    const worker = await own.add('worker')
    const router = await own.add('router')
    const stranger = await mesh.add()
    const { book, clock } = await remember(worker, newFolder())
    await stranger.node.dial(worker.address)
    await meet(worker, router)
    await advanceUntil(clock, () => book.size === 1)
    for (let second = 0; second < 20; second += 1) clock.advance(1_000)
    expect(book.ranked()).toMatchObject([{ peer: router.peer, role: 'router' }])
  })
})
