/** A node's own folder under the home: its key and its state. One living process per folder. */
import { join } from 'node:path'
import { MeshError, messageOf } from '../core/errors.ts'
import { holdFile } from '../core/held-file.ts'
import { openPrivateFolder } from '../core/private-folder.ts'

export interface NodeFolder {
  readonly path: string
  /** May be called twice. */
  release(): void
}

/** Nodes of one role on one machine without names of their own. */
const NUMBERED_MAX = 64

/**
 * Claims the folder of the given name; without one, the first free of `role`, `role-2`, `role-3`, …
 * @throws MeshError NODE_ALREADY_RUNNING, IDENTITY_UNUSABLE
 */
export function claimFolder(home: string, name: string | undefined, role: string): NodeFolder {
  if (name !== undefined) {
    const folder = tryClaim(join(home, name))
    if (folder !== undefined) return folder
    throw new MeshError('NODE_ALREADY_RUNNING', `another process already runs the node ${name}`, {
      path: '--name',
      hint: `stop it, or choose another name; its folder is ${join(home, name)}`
    })
  }
  for (let number = 1; number <= NUMBERED_MAX; number += 1) {
    const folder = tryClaim(join(home, number === 1 ? role : `${role}-${number}`))
    if (folder !== undefined) return folder
  }
  throw new MeshError(
    'NODE_ALREADY_RUNNING',
    `${NUMBERED_MAX} nodes of role ${role} run here already`,
    {
      hint: 'give this one a name of its own with --name'
    }
  )
}

/** Undefined when another process holds it. */
function tryClaim(path: string): NodeFolder | undefined {
  try {
    openPrivateFolder(path)
    const held = holdFile(join(path, 'lock'))
    return held === undefined ? undefined : { path, release: () => held.release() }
  } catch (cause) {
    if (cause instanceof MeshError) throw cause
    throw new MeshError(
      'IDENTITY_UNUSABLE',
      `the folder ${path} cannot be used: ${messageOf(cause)}`,
      { path: '--home', hint: 'choose a folder that this user may write to', cause }
    )
  }
}
