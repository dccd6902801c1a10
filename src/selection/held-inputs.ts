/**
 * How much of what a task reads a worker has already, so that it need not be moved: the `data` part of its
 * score. By bytes; by number where the size of some file is not known, or all are empty.
 */
import type { InputFiles } from './candidate.ts'

interface HeldInputs {
  /** From 0 to 1. */
  share: number
  /** As far as sizes are known. */
  bytes: number
}

export function heldInputs(inputs: InputFiles, peerId: string): HeldInputs {
  let bytes = 0
  let totalBytes = 0
  let count = 0
  let areSizesKnown = true
  for (const { id, sizeBytes } of inputs.files) {
    if (sizeBytes === undefined) areSizesKnown = false
    else totalBytes += sizeBytes
    if (!inputs.has(peerId, id)) continue
    count += 1
    bytes += sizeBytes ?? 0
  }
  const isByBytes = areSizesKnown && totalBytes > 0
  return { share: isByBytes ? bytes / totalBytes : count / inputs.files.length, bytes }
}
