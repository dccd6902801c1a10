/** The lasting key of a home as what its people sign is signed by it, whatever they visit the mesh as: their recipes. */
import { join } from 'node:path'
import { loadIdentity } from '../network/identity.ts'
import { signerOf } from '../receipts/signer.ts'
import { visitorFolder } from './visit.ts'
import type { Signer } from '../receipts/signer.ts'

/** Makes the key if there is none yet. @throws MeshError IDENTITY_UNUSABLE */
export async function homeSigner(home: string): Promise<Signer> {
  return signerOf(await loadIdentity(join(visitorFolder(home), 'key')))
}
