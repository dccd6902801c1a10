/** Names for jobs and requests. */
import type { Random } from './random.ts'

/** Crockford's base 32: no letter that looks like another. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

/** 60 random bits: a router with a million jobs meets a collision with a chance below one in a million. */
const ID_LETTERS = 12

/** A job id such as `j-7m2k9x04tqhe`. Random from its first letter on, so that short prefixes stay unique. */
export function newJobId(random: Random): string {
  let id = 'j-'
  for (let index = 0; index < ID_LETTERS; index += 1) {
    id += ALPHABET[Math.floor(random.next() * ALPHABET.length)]
  }
  return id
}
