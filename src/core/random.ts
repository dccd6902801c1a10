/** Chance, as something that is handed in, so that every decision can be repeated from its seed. */
export interface Random {
  /** A number from 0 (included) to 1 (excluded). */
  next(): number
}

/** Drawn at once: a call for each number was a seventh of a router's work. */
const POOL_LENGTH = 1_024

const pool = new Uint32Array(POOL_LENGTH)
let used = POOL_LENGTH

export const systemRandom: Random = {
  next() {
    if (used === POOL_LENGTH) {
      crypto.getRandomValues(pool)
      used = 0
    }
    const value = pool[used] as number
    // What was given out isn't kept where a later reader of this memory could find it.
    pool[used] = 0
    used += 1
    return value / 2 ** 32
  }
}

/**
 * A small seeded generator (mulberry32, Tommy Ettinger, public domain): 2^32 states are plenty for
 * tests and simulations, and the same seed gives the same run on every machine.
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
    }
  }
}
