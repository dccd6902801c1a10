/** Figures about a text: plain code, which knows nothing of the mesh. */

/** As people read prose to themselves. */
const WORDS_PER_MINUTE = 230

export function textStats(text) {
  const words = text.match(/\p{L}[\p{L}\p{N}'’-]*/gu) ?? []
  const sentences = text.split(/[.!?…]+(?:\s|$)/u).filter((part) => /\p{L}/u.test(part))
  return {
    words: words.length,
    sentences: sentences.length,
    longest: words.reduce((longest, word) => (word.length > longest.length ? word : longest), ''),
    reading_seconds: Math.ceil((words.length / WORDS_PER_MINUTE) * 60)
  }
}
