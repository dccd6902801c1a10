/** Names for jobs, their attempts and requests. */
import type { Random } from './random.ts'

/** Crockford's base 32: no letter that looks like another. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

/** 60 random bits: a router with a million jobs meets a collision with a chance below one in a million. */
const ID_LETTERS = 12

/** A job id such as `j-7m2k9x04tqhe`. Random from its first letter on, so that short prefixes stay unique. */
export function newJobId(random: Random): string {
  return `j-${randomLetters(random)}`
}

/** Names one attempt for good, such as `l-4k9d0s2m7qx1`. */
export function newLeaseId(random: Random): string {
  return `l-${randomLetters(random)}`
}

/** Names one life of a node, such as `4k9d0s2m7qx1`. */
export function newRunId(random: Random): string {
  return randomLetters(random)
}

function randomLetters(random: Random): string {
  let letters = ''
  for (let index = 0; index < ID_LETTERS; index += 1) {
    letters += ALPHABET[Math.floor(random.next() * ALPHABET.length)]
  }
  return letters
}
