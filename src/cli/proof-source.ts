/** Receipts by what somebody names on the command line: a file that holds them, or a job that the router knows. */
import { statSync } from 'node:fs'
import { MeshError } from '../core/errors.ts'
import { PROOF_FILE_BYTES_MAX, readProofs } from '../receipts/proof-file.ts'
import { connectToRouter } from './router-connection.ts'
import { flag } from './command.ts'
import { readTextFile } from './local-files.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { Args } from './args.ts'
import type { Flags } from './command.ts'
import type { Proof } from '../receipts/proof.ts'

/** A proof, and what is known of it beside what it says itself. */
export interface FoundProof extends Proof {
  /** Item of the job that was asked for, which has the result of this earlier run. */
  reused_by?: string
}

/** Which receipts of a job. */
export const PROOF_FLAGS: Flags = {
  item: flag('text', 'of a job: only this item'),
  attempt: flag('text', 'of a job: only this attempt'),
  limit: flag('text', 'of a job: how many items at most [100]')
}

/** @throws MeshError FILE_NOT_FOUND, RECEIPT_INVALID, NOT_FOUND where there are none, and as the API */
export async function findProofs(args: Args, options: AbortOptions): Promise<FoundProof[]> {
  const name = args.positional('what')
  if (isFile(name)) return readProofs(readText(name, 'what'))
  // Ids have neither dots nor slashes.
  if (/[./\\]/.test(name)) throw new MeshError('FILE_NOT_FOUND', `there is no file ${name}`)
  const which = {
    item: args.text('item'),
    attempt: args.integer('attempt', 1),
    limit: args.integer('limit', 1)
  }
  const proofs = await connectToRouter(args).receipts(name, which, options)
  if (proofs.length > 0) return proofs
  throw new MeshError('NOT_FOUND', `nothing was signed of that in ${name}`, {
    hint: `an attempt has a receipt once it has run: see \`taskmesh job attempts ${name}\``
  })
}

/** A whole file that is short enough. @throws MeshError FILE_NOT_FOUND, REQUEST_TOO_LARGE */
export function readText(path: string, flagName: string): string {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  if (size <= PROOF_FILE_BYTES_MAX) return readTextFile(path, flagName)
  throw new MeshError('REQUEST_TOO_LARGE', `${path} is larger than any file of receipts`)
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}
