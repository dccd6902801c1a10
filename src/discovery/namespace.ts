/** In how many parts, and in which of them, the workers of a namespace are found in the DHT. */

/**
 * One key carries some 300 workers before look-ups slow down (measured: 500 in 2.3 s, 2000 in 5.4 s).
 * One shard until a mesh is that large; the number is part of the key, so that it can grow.
 */
export const NAMESPACE_SHARDS = 1

export function shardOf(peer: string): number {
  let hash = 0
  for (const letter of peer) hash = (hash * 31 + letter.charCodeAt(0)) >>> 0
  return hash % NAMESPACE_SHARDS
}
