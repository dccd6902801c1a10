/** Whether a file holds the result that a worker has signed. */
import { manifestOf } from '../files/content/manifest.ts'
import { textHash } from '../receipts/text-hash.ts'
import type { Receipt } from '../receipts/receipt.ts'

/**
 * A result is signed as JSON without blanks, and may have been saved with some: then its value counts. A text that
 * `job run` printed stands there without quotes, before a line feed.
 */
export async function isResultOf(receipt: Receipt, text: string): Promise<boolean> {
  const { result_file: file, result_hash: hash } = receipt
  const plain = [text, text.replace(/\n$/, '')].map((one) => JSON.stringify(one))
  const forms = [text, text.trim(), compact(text), ...plain]
  if (file !== undefined) return forms.some((form) => manifestOf(Buffer.from(form)).id === file)
  if (hash === undefined) return false
  const hashes = await Promise.all(forms.map(textHash))
  return hashes.includes(hash)
}

function compact(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text))
  } catch {
    return text
  }
}
