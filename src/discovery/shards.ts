/**
 * Under which DHT keys a worker is found, so that no key has to carry thousands: one key carries some 300
 * before look-ups slow down (measured: 500 in 2.3 s, 2,000 in 5.4 s, 6,000 never).
 *
 * The keys are a tree. Level 0 is one key, each level below has twice as many, and a worker's hash says which of
 * them is its own. A worker chooses a level by how many workers it believes there are, so that a key has 100 to
 * 200, and stands there; on each level above stands every second of those that stand on the level below it. So a
 * key has about as many on every level, and whoever looks needs to know nothing: it begins at the top and looks
 * below each key that has many. Workers that believe different numbers stand on different levels and are found
 * all the same; who believes too little only makes one key longer, which the next estimate mends.
 *
 * A number that all agree on, as a signed value in the DHT, would need somebody who may say it, a store of values
 * with rules against old ones, and a moment at which all change over. Provider records need none of it: the
 * DHT takes them from nobody but the provider itself, over its own connection, so that they cannot be replayed.
 */
import { assert } from '../core/assert.ts'
import { namespaceKey } from '../protocol/ids.ts'

/** A place in the tree of keys. */
export interface Shard {
  level: number
  index: number
}

/** As many as one key should have; see above. */
export const SHARD_WORKERS = 200

/** A key that has so many is looked below: far fewer than a key has, far more than a home has machines. */
export const SPLIT_WORKERS = 8

/** 1,024 keys on the lowest level: 200,000 workers. */
export const LEVEL_MAX = 10

/** Estimates waver; only one that is lower by so much has a worker move up. */
const SHRUNK = 0.75

/** Bits of a worker's hash, apart from those that say its key, which say on how many levels above it stands. */
const SAMPLE_BIT = 16
assert(SAMPLE_BIT + LEVEL_MAX <= 32, 'a hash has 32 bits')
assert(SPLIT_WORKERS < SHARD_WORKERS / 8, 'a key that was split still has several')

/** Where all begin to look. */
export const TOP: Shard = { level: 0, index: 0 }

/**
 * The level on which a worker should stand.
 * @param count workers that it believes there are
 * @param level where it stands now
 */
export function levelFor(count: number, level: number): number {
  const wanted = levelOf(count)
  return wanted < level ? Math.min(level, levelOf(count / SHRUNK)) : wanted
}

/** All places of a worker: its own on that level, and on some above. */
export function shardsOf(peer: string, level: number): Shard[] {
  const hash = hashOf(peer)
  const sample = hash >>> SAMPLE_BIT
  const levels = Array.from({ length: level + 1 }, (_, above) => above)
  return levels
    .filter((above) => sample % 2 ** (level - above) === 0)
    .map((above) => ({ level: above, index: hash % 2 ** above }))
}

/** Where to look after a key with so many providers. */
export function shardsBelow({ index, level }: Shard, providerCount: number): Shard[] {
  if (providerCount < SPLIT_WORKERS || level >= LEVEL_MAX) return []
  return [index, index + 2 ** level].map((below) => ({ level: level + 1, index: below }))
}

export function shardKey(namespace: string, { index, level }: Shard): string {
  return namespaceKey(namespace, level, index)
}

function levelOf(count: number): number {
  const level = Math.ceil(Math.log2(Math.max(1, count / SHARD_WORKERS)))
  return Math.min(LEVEL_MAX, level)
}

/** FNV-1a with the end of MurmurHash3, so that each bit says something. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
