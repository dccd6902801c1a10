/** Why a fetch has failed, with what a person can do about it. */
import { MeshError } from '../../core/errors.ts'
import { formatBytes } from '../../core/units.ts'
import { plural } from '../render.ts'
import type { Contacts } from './contacts.ts'
import type { Tally } from './tally.ts'

export interface Circumstances {
  /** Of the peers that were named. */
  addresses: readonly string[]
  contacts: Contacts
  tally: Tally
}

/** Says where was looked, and how much room is missing. */
export function explainFailure(cause: unknown, circumstances: Circumstances): unknown {
  if (!(cause instanceof MeshError)) return cause
  if (cause.code === 'STORE_FULL') return withRoom(cause, circumstances)
  return cause.code === 'FILE_UNAVAILABLE' ? withPlaces(cause, circumstances) : cause
}

function withRoom(cause: MeshError, { tally }: Circumstances): MeshError {
  const { bytes, totalBytes } = tally.sum()
  const left = totalBytes === undefined ? '' : `; ${formatBytes(totalBytes - bytes)} are to come`
  return new MeshError('STORE_FULL', `${cause.message}${left}`, {
    hint: 'free some space on that disk; the same command then goes on where it stopped',
    cause
  })
}

function withPlaces(cause: MeshError, { addresses, contacts, tally }: Circumstances): MeshError {
  const named = addresses.length === 0 ? [] : [plural(addresses.length, 'named peer')]
  const places = [...named, ...contacts.places].join(', ')
  const looked = `looked in namespace ${contacts.namespace}, by way of ${places}`
  const kept = tally.sum().bytes === 0 ? '' : '; what has come is kept'
  return new MeshError('FILE_UNAVAILABLE', `${cause.message}; ${looked}`, {
    hint: `see that somebody who has it is online, or name a way to the mesh with --bootstrap${kept}`,
    cause
  })
}
