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
  /** Files that it lacks, their bytes as far as sizes are known, and how many are of unknown size. */
  missingCount: number
  missingBytes: number
  missingUnknown: number
}

export function heldInputs(inputs: InputFiles, peerId: string): HeldInputs {
  let bytes = 0
  let totalBytes = 0
  let count = 0
  let unknownCount = 0
  let missingUnknown = 0
  for (const { id, sizeBytes } of inputs.files) {
    if (sizeBytes === undefined) unknownCount += 1
    else totalBytes += sizeBytes
    if (inputs.has(peerId, id)) {
      count += 1
      bytes += sizeBytes ?? 0
    } else if (sizeBytes === undefined) missingUnknown += 1
  }
  const isByBytes = unknownCount === 0 && totalBytes > 0
  const share = isByBytes ? bytes / totalBytes : count / inputs.files.length
  const missingCount = inputs.files.length - count
  return { share, bytes, missingCount, missingBytes: totalBytes - bytes, missingUnknown }
}
