/** How a file of the mesh is named: by the hash over its content, which `files/content/file-id.ts` makes. Pure. */
import { MeshError } from '../core/errors.ts'

export const FILE_ID_PREFIX = 'sha256:'

const ID = /^(?:sha256:)?([0-9a-f]{64})$/

/**
 * An id in its one form; `sha256:` may be left out by people.
 * @param path the field or argument that holds it
 * @throws MeshError FIELD_INVALID
 */
export function readFileId(text: string, path: string): string {
  const digits = ID.exec(text.trim().toLowerCase())?.[1]
  if (digits !== undefined) return `${FILE_ID_PREFIX}${digits}`
  throw new MeshError(
    'FIELD_INVALID',
    `${JSON.stringify(text.slice(0, 80))} is not the id of a file`,
    {
      path,
      hint: 'write sha256: and 64 hex digits, as `taskmesh files info` shows them'
    }
  )
}

/** Whether a value is an id in its one form. */
export function isFileId(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith(FILE_ID_PREFIX) && ID.test(value)
}
