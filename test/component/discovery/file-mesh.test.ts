/** Who has what, between nodes that know only a bootstrap: found by gossip, by the DHT, by asking routers. */
import { rmSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { FileMesh } from '../../support/file-mesh.ts'
import { someBytes } from '../../support/open-library.ts'
import { until } from '../../support/spawn-mesh.ts'
import type { TestContext } from 'vitest'
import type { FileNode, FileRouter } from '../../support/file-mesh.ts'

/** Each test has one of its own: what they wait for, they wait for side by side. */
function newMesh({ onTestFinished }: Pick<TestContext, 'onTestFinished'>): FileMesh {
  const mesh = new FileMesh()
  onTestFinished(async () => await mesh.stop())
  return mesh
}

function holdersAt({ files }: FileRouter, id: string): string[] {
  return files.catalogue.holders(id).map(({ peer }) => peer)
}

async function untilHolders(router: FileRouter, id: string, ...nodes: FileNode[]): Promise<void> {
  const peers = nodes.map(({ peer }) => peer).toSorted()
  await until(() => holdersAt(router, id).join() === peers.join())
}

describe.concurrent('a router', () => {
  it('hears by gossip of a node that shares, and of what it shares and shares no more', async (context) => {
    const mesh = newMesh(context)
    const { address } = await mesh.bootstrap()
    const router = await mesh.router({ bootstrap: [address] })
    const share = await mesh.share({ bootstrap: [address] })
    const id = await share.give('a.bin', someBytes(1_000))
    await untilHolders(router, id, share)
    expect(router.files.catalogue.list()).toEqual([
      { id, name: 'a.bin', sizeBytes: 1_000, holderCount: 1 }
    ])
    expect(router.files.ageMs(share.peer)).toBeGreaterThanOrEqual(0)
    const [source] = await router.files.sources.holdersOf([id])
    expect(source?.peer_id).toBe(share.peer)
    expect(source?.addresses?.join()).toContain(share.address.split('/p2p/')[0])

    share.files.library.pin(id)
    await until(() => router.files.catalogue.holders(id)[0]?.isPinned === true)
    await share.files.library.remove(id)
    await untilHolders(router, id)
  })

  it('that is started later finds it by the DHT alone', async (context) => {
    const mesh = newMesh(context)
    const { address } = await mesh.bootstrap()
    const share = await mesh.share({ bootstrap: [address], isMute: true })
    const id = await share.give('a.bin', someBytes(1_000))
    const router = await mesh.router({ bootstrap: [address] })
    await untilHolders(router, id, share)
    expect(router.files.catalogue.has(share.peer, id)).toBe(true)
  })

  it('does not take up nodes of another namespace, whoever names them', async (context) => {
    const mesh = newMesh(context)
    const { address } = await mesh.bootstrap()
    const router = await mesh.router({ bootstrap: [address] })
    const other = await mesh.share({ bootstrap: [address], namespace: 'other' })
    const id = await other.give('a.bin', someBytes(1_000))
    const share = await mesh.share({ bootstrap: [address] })
    const own = await share.give('b.bin', someBytes(1_000, 2))
    await untilHolders(router, own, share)
    await router.node.dial(other.address)
    expect(holdersAt(router, id)).toEqual([])
  })

  it('is a holder itself, and routers know of each other', async (context) => {
    const mesh = newMesh(context)
    const { address } = await mesh.bootstrap()
    const first = await mesh.router({ bootstrap: [address] })
    const second = await mesh.router({ bootstrap: [address] })
    const entry = await first.files.library.addBytes(someBytes(2_000), 'result.bin')
    await untilHolders(first, entry.id, first)
    await untilHolders(second, entry.id, first)
    expect(second.files.catalogue.has(first.peer, entry.id)).toBe(true)
  })

  it('follows the workers that its directory has, and forgets those that it has no more', async (context) => {
    const mesh = newMesh(context)
    const { address } = await mesh.bootstrap()
    const router = await mesh.router({ bootstrap: [address] })
    const worker = await mesh.share({ bootstrap: [address], isWorker: true, isMute: true })
    const id = await worker.give('a.bin', someBytes(1_000))
    await router.node.dial(worker.address)
    const change = { peer: worker.peer, availability: 'open' as const }
    router.files.onNode({ ...change, type: 'node:joined' })
    await untilHolders(router, id, worker)
    router.files.onNode({ ...change, type: 'node:left', availability: 'unreachable' })
    expect(holdersAt(router, id)).toEqual([])
  })
})

describe.concurrent('a file', () => {
  it('is found by the DHT alone by a node that knows only the bootstrap', async (context) => {
    const mesh = newMesh(context)
    const { address } = await mesh.bootstrap()
    const share = await mesh.share({ bootstrap: [address], isMute: true })
    const bytes = someBytes(300_000)
    const id = await share.give('a.bin', bytes)
    const fetcher = await mesh.share({ bootstrap: [address], isMute: true })
    const entry = await fetcher.files.service.fetch(id)
    expect(entry).toMatchObject({ id, isComplete: true, sizeBytes: 300_000 })
  })

  it('that was fetched is found where it was fetched to, when the first who had it is gone', async (context) => {
    const mesh = newMesh(context)
    const { address } = await mesh.bootstrap()
    const router = await mesh.router({ bootstrap: [address] })
    const share = await mesh.share({ bootstrap: [address] })
    const id = await share.give('a.bin', someBytes(300_000))
    const worker = await mesh.share({ bootstrap: [address], isWorker: true })
    await worker.files.service.fetch(id)
    await untilHolders(router, id, share, worker)
    rmSync(share.pathOf('a.bin'))
    await share.files.library.verify(id)
    await untilHolders(router, id, worker)
    const late = await mesh.share({ bootstrap: [address] })
    await expect(late.files.service.fetch(id)).resolves.toMatchObject({ isComplete: true })
  })

  it('that the DHT does not know is found by asking a router', async (context) => {
    const mesh = newMesh(context)
    const { address } = await mesh.bootstrap()
    const router = await mesh.router({ bootstrap: [address] })
    const holder = await mesh.share({ isWorker: true, isMute: true })
    const id = await holder.give('a.bin', someBytes(70_000))
    await router.node.dial(holder.address)
    router.files.onNode({ type: 'node:joined', peer: holder.peer, availability: 'open' })
    await untilHolders(router, id, holder)
    const fetcher = await mesh.share({ bootstrap: [address] })
    await expect(fetcher.files.service.fetch(id)).resolves.toMatchObject({ isComplete: true })
  })
})

describe.concurrent('a peer that lies', () => {
  it('is told of, and not asked again for another file', async (context) => {
    const mesh = newMesh(context)
    const { address } = await mesh.bootstrap()
    const told: string[] = []
    const init = { bootstrap: [address], onMisbehaviour: (peer: string) => void told.push(peer) }
    const liar = await mesh.share({ bootstrap: [address] })
    const honest = await mesh.share({ bootstrap: [address] })
    const fetcher = await mesh.share(init)
    await fetcher.node.dial(liar.address)
    await fetcher.node.dial(honest.address)
    liar.files.library.readPiece = async () => someBytes(65_536, 9)

    const alone = await liar.give('a.bin', someBytes(65_536))
    const controller = new AbortController()
    const { signal } = controller
    const peers = [liar.peer]
    const fetching = fetcher.files.service.fetch(alone, { peers }, { signal })
    await until(() => told.length > 0)
    controller.abort(new Error('enough'))
    await expect(fetching).rejects.toThrow('enough')

    const both = await liar.give('b.bin', someBytes(65_536, 3))
    await honest.give('b.bin', someBytes(65_536, 3))
    await fetcher.files.service.fetch(both, { peers: [liar.peer, honest.peer] })
    expect(told).toEqual([liar.peer])
  })
})

describe.concurrent('a shared file that changes on the disk', () => {
  it('is offered no more as what it was', async (context) => {
    const mesh = newMesh(context)
    const { address } = await mesh.bootstrap()
    const router = await mesh.router({ bootstrap: [address] })
    const share = await mesh.share({ bootstrap: [address] })
    const id = await share.give('a.bin', someBytes(1_000))
    await untilHolders(router, id, share)
    writeFileSync(share.pathOf('a.bin'), someBytes(2_000, 2))
    const session = await router.sessions.open(share.peer)
    const answer = await session.request(
      { command: 'REQUEST_PIECE', params: { file_hash: id, piece_index: 0 } },
      { timeoutMs: 30_000 }
    )
    expect(answer.error?.code).toBe('FILE_NOT_FOUND')
    await untilHolders(router, id)
  })
})
