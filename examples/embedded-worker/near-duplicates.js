/**
 * Which of many texts say nearly the same: compares each with each by the pieces of four letters that they
 * have in common. It runs on a thread, so it may take its time; it says how far it is and ends when told to.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'

const PIECE_LENGTH = 4

export default async function nearDuplicates({ texts, threshold = 0.5 }, { progress, signal }) {
  const pieces = texts.map(piecesOf)
  const pairs = []
  for (const [index, one] of pieces.entries()) {
    // A thread that never pauses hears nothing, and is ended by force instead.
    await nextTurn(undefined, { signal })
    progress(index / pieces.length, `text ${index + 1} of ${pieces.length}`)
    for (let other = index + 1; other < pieces.length; other += 1) {
      const similarity = similarityOf(one, pieces[other])
      if (similarity >= threshold) pairs.push({ texts: [index, other], similarity })
    }
  }
  return pairs
}

function piecesOf(text) {
  const letters = text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ')
  const count = Math.max(1, letters.length - PIECE_LENGTH + 1)
  return new Set(Array.from({ length: count }, (_, at) => letters.slice(at, at + PIECE_LENGTH)))
}

/** From 0 to 1: what they share of all that they have (Jaccard). */
function similarityOf(one, other) {
  const shared = one.intersection(other).size
  return Number((shared / (one.size + other.size - shared)).toFixed(3))
}
