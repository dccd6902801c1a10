/**
 * TypeScript to JavaScript by blanking out its types, with the library that Node itself uses: every other
 * character keeps its place, so that errors name the lines and columns that the author wrote. Nothing is
 * checked, and what is more than types (`enum`, `namespace`) is refused.
 *
 * A stranger's text can bring the library into disorder, and its memory never shrinks: this runs in
 * sandbox hosts only, and says when the host is done for.
 */
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

export type Stripped =
  | { source: string; isSpent: boolean }
  /** What is wrong with it; `isSpent` when the library is not to be used again. */
  | { problem: string; isSpent: boolean }

/** What the library throws of a source that it can't take: a plain object. */
interface Refusal {
  code: 'InvalidSyntax' | 'UnsupportedSyntax'
  message: string
  startLine: number
  startColumn: number
}

interface Library {
  transformSync(source: string, options: { mode: 'strip-only' }): { code: string }
}

/** Some hundred bytes of memory per character remain with the library: a host that keeps more is replaced. */
const SOURCE_LENGTH_KEPT = 256 * 1_024

const require = createRequire(import.meta.url)

export function stripTypes(source: string): Stripped {
  // Only where it is needed: it takes some 30 ms and 20 MiB.
  const library = require(fileURLToPath(import.meta.resolve('amaro'))) as Library
  const isSpent = source.length > SOURCE_LENGTH_KEPT
  try {
    return { source: library.transformSync(source, { mode: 'strip-only' }).code, isSpent }
  } catch (cause) {
    return isRefusal(cause)
      ? { problem: describeRefusal(cause), isSpent }
      : // A trap in the middle of its work; it would answer nonsense from here on.
        { problem: 'the TypeScript source nests too deeply to be read', isSpent: true }
  }
}

function describeRefusal({ code, message, startColumn, startLine }: Refusal): string {
  const place = `(line ${startLine}, column ${startColumn + 1})`
  return code === 'UnsupportedSyntax'
    ? `SyntaxError: ${message} ${place}; types are only stripped, so write it in JavaScript`
    : `SyntaxError: ${message} ${place}`
}

function isRefusal(cause: unknown): cause is Refusal {
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : ''
  return code === 'InvalidSyntax' || code === 'UnsupportedSyntax'
}
