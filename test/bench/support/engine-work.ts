/** Work of a few milliseconds, done by a guest and by the machine itself. */

const LETTERS = 'etaoin shrdlu'
const TEXT_BYTES = 2 ** 20

export const WORK = {
  primesSource: `function main (limit) {
    let count = 0
    for (let number = 2; number < limit; number += 1) {
      let isPrime = true
      for (let by = 2; by * by <= number; by += 1) if (number % by === 0) { isPrime = false; break }
      if (isPrime) count += 1
    }
    return count
  }`,
  primesLimit: 30_000,
  /** Packs about as well as prose does. */
  text: textOf(TEXT_BYTES)
} as const

function textOf(bytes: number): Buffer {
  const text = Buffer.alloc(bytes)
  // Numerical Recipes' generator: the same text in every run.
  let state = 1
  for (let index = 0; index < bytes; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    // The smaller of two draws, so that early letters come more often.
    const draw = Math.min(state >>> 24, (state >>> 16) & 0xff) / 256
    text[index] = LETTERS.charCodeAt(Math.floor(draw * LETTERS.length))
  }
  return text
}
