import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { BoundedDatastore } from '../../../src/network/guard/bounded-datastore.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import { temporaryIdentity } from '../../../src/network/identity.ts'
import type { PeerId } from '@libp2p/interface'

type Key = Parameters<BoundedDatastore['get']>[0]

let self: PeerId
let peer: PeerId
let other: PeerId
let store: BoundedDatastore

beforeAll(async () => {
  const keys = await Promise.all(Array.from({ length: 3 }, () => temporaryIdentity()))
  ;[self, peer, other] = keys.map((key) => peerIdFromPrivateKey(key)) as [PeerId, PeerId, PeerId]
})
beforeEach(() => {
  store = new BoundedDatastore(self.toString())
})

const key = (name: string): Key => ({ toString: () => name }) as Key
const value = Uint8Array.of(1)
const peerKey = (id: PeerId): Key => key(`/peers/${id.toCID().toString()}`)
const provider = (cid: string, id: PeerId): Key => key(`/dht/provider/${cid}/${id.toString()}`)

async function below(prefix: string): Promise<string[]> {
  const names = []
  for await (const pair of store.query({ prefix })) names.push(pair.key.toString())
  return names
}

test('what is put is found, by its key and below its prefix, until it is deleted', async () => {
  const keys = [peerKey(peer), provider('a', peer), provider('a', other), provider('b', peer)]
  for (const each of [...keys, key('/dht/record/x')]) store.put(each, value)
  expect(store.get(peerKey(peer))).toEqual(value)
  expect(store.has(provider('a', other))).toBe(true)
  expect(await below('/dht/provider/a')).toEqual(
    [provider('a', peer), provider('a', other)].map(String)
  )
  expect(await below('/dht/provider')).toHaveLength(3)
  expect(await below('/peers/')).toEqual([String(peerKey(peer))])
  store.delete(provider('a', peer))
  expect(store.has(provider('a', peer))).toBe(false)
  expect(() => store.get(key('/peers/nobody'))).toThrow(
    expect.objectContaining({ name: 'NotFoundError' })
  )
  expect(store.counts()).toEqual({ peers: 1, providers: 2, dropped: 0 })
})

function fill(count: number): void {
  for (let index = 0; index < count; index += 1) store.put(key(`/peers/p${index}`), value)
}

describe('peers', () => {
  test('not needed for longest go, but none that is connected', () => {
    store.put(peerKey(peer), value)
    store.keep(peer)
    store.put(peerKey(other), value)
    fill(LIMITS.knownPeersMax - 2)
    store.get(peerKey(other))
    store.put(key('/peers/new'), value)
    expect(store.has(peerKey(peer))).toBe(true)
    expect(store.has(peerKey(other))).toBe(true)
    expect(store.has(key('/peers/p0'))).toBe(false)
    store.release(peer)
    store.put(key('/peers/newer'), value)
    expect(store.has(peerKey(peer))).toBe(false)
    expect(store.counts()).toEqual({ peers: LIMITS.knownPeersMax, providers: 0, dropped: 2 })
  })

  test('take what they provide along: the DHT fails for a key whose provider has no addresses', async () => {
    store.put(peerKey(peer), value)
    store.put(provider('a', peer), value)
    store.put(provider('a', other), value)
    fill(LIMITS.knownPeersMax)
    expect(await below('/dht/provider')).toEqual([String(provider('a', other))])
    store.delete(peerKey(other))
    expect(store.counts().providers).toBe(0)
  })
})

describe('provider records', () => {
  test('of one peer are bounded, and what it has may be renewed', () => {
    const max = LIMITS.providerRecordsPerPeerMax
    for (let index = 0; index < max; index += 1) store.put(provider(`k${index}`, peer), value)
    expect(() => store.put(provider('more', peer), value)).toThrow(
      expect.objectContaining({ code: 'STORE_FULL' })
    )
    expect(() => store.put(provider('k0', peer), value)).not.toThrow()
    expect(() => store.put(provider('more', other), value)).not.toThrow()
    for (let index = 0; index < max + 10; index += 1) store.put(provider(`k${index}`, self), value)
    expect(store.counts()).toEqual({ peers: 0, providers: 2 * max + 11, dropped: 1 })
  })

  test('of one key are bounded: who is there stays, and may renew what it has', async () => {
    const max = LIMITS.providersPerKeyMax
    const keys = await Promise.all(Array.from({ length: max }, () => temporaryIdentity()))
    const ids = keys.map((each) => peerIdFromPrivateKey(each))
    for (const id of ids) store.put(provider('k', id), value)
    expect(() => store.put(provider('k', peer), value)).toThrow(
      expect.objectContaining({ code: 'STORE_FULL' })
    )
    expect(() => store.put(provider('k', ids[0] as PeerId), value)).not.toThrow()
    expect(() => store.put(provider('k', self), value)).not.toThrow()
    expect(await below('/dht/provider/k')).toHaveLength(max + 1)
  })
})
