/** A recipe as it travels: signed by its author, in the namespace that it is meant for. */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { canonicalJson } from '../core/json.ts'
import { checkRecipe } from '../model/recipe.ts'
import { openEnvelope, readBase64, sealEnvelope } from '../receipts/envelope.ts'
import { validatorFor } from '../model/validate.ts'
import type { EnvelopeKind } from '../receipts/envelope.ts'
import type { SignedRecipe } from '../model/generated/recipe.ts'
import type { Signer } from '../receipts/signer.ts'

export type { SignedRecipe }

const RECIPE_KIND: EnvelopeKind<SignedRecipe> = {
  name: 'a recipe',
  domain: 'taskmesh-recipe',
  payloadType: '/taskmesh/recipe/1',
  bytesMax: LIMITS.recipeBytesMax,
  check: validatorFor<SignedRecipe>('recipe#/$defs/signed', 'recipe')
}

/** @returns base64 of the envelope. @throws MeshError REQUEST_TOO_LARGE, and as `checkRecipe` */
export async function sealRecipe(
  recipe: Omit<SignedRecipe, 'author' | 'version'>,
  signer: Signer
): Promise<string> {
  const signed = { ...recipe, author: signer.peer, version: 1 } as const
  requireWhole(signed)
  // It is signed as it is written down, its keys in order.
  const document = JSON.parse(canonicalJson(signed)) as SignedRecipe
  const envelope = await sealEnvelope(document, RECIPE_KIND, signer)
  if (envelope.byteLength <= LIMITS.recipeBytesMax) return envelope.toString('base64')
  const message = `a recipe of ${envelope.byteLength} bytes is above the limit of ${LIMITS.recipeBytesMax}`
  const hint = 'add what is long as a file, and name it by its id: `taskmesh files add`'
  throw new MeshError('REQUEST_TOO_LARGE', message, { path: 'recipe', hint })
}

/** @throws MeshError RECEIPT_INVALID, REQUEST_TOO_LARGE, FIELD_INVALID and its kin; FROM_MISMATCH where another has signed it */
export async function openRecipe(base64: string): Promise<SignedRecipe> {
  const bytes = readBase64(base64, RECIPE_KIND)
  const { document, signer } = await openEnvelope(bytes, RECIPE_KIND)
  if (signer !== document.author) {
    throw new MeshError('FROM_MISMATCH', `the recipe of ${document.author} was signed by ${signer}`)
  }
  requireWhole(document)
  return document
}

/** One that is taken back has no job; any other is a recipe. */
function requireWhole({ description, job, name, parameters, removed }: SignedRecipe): void {
  if (removed === true && job === undefined && parameters === undefined) return
  checkRecipe({
    name,
    ...(description === undefined ? {} : { description }),
    ...(parameters === undefined ? {} : { parameters }),
    ...(job === undefined ? {} : { job })
  })
}
