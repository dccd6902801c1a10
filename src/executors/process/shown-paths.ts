/**
 * What the owner shows tasks beside the system itself: the programs on the list that lie elsewhere, and
 * folders such as the one in which such a program has its libraries. Looked up once, when the engine starts.
 */
import { realpathSync, statSync } from 'node:fs'
import { MeshError, messageOf } from '../../core/errors.ts'

/** The owner's path, and the file or folder behind it. */
export type ShownPath = readonly [path: string, real: string]

/** Where a sandbox has folders of its own, which would hide what lies there. */
const SANDBOX_FOLDERS = ['/dev', '/proc', '/sys', '/tmp', '/work']

/** @throws MeshError ENGINE_UNAVAILABLE for what a task would never see */
export function findShownPaths(
  programs: readonly ShownPath[],
  folders: readonly string[]
): ShownPath[] {
  for (const path of [...programs.map(([program]) => program), ...folders]) assertShowable(path)
  return [...programs, ...folders.map((path) => [path, findFolder(path)] as const)]
}

function assertShowable(path: string): void {
  const hiding = SANDBOX_FOLDERS.find((own) => path === own || path.startsWith(`${own}/`))
  if (hiding === undefined) return
  throw new MeshError(
    'ENGINE_UNAVAILABLE',
    `${path} can't be shown to tasks: they have a ${hiding} of their own`,
    { hint: 'put it elsewhere, such as in /opt' }
  )
}

function findFolder(path: string): string {
  try {
    const folder = realpathSync(path)
    if (folder === '/' || !statSync(folder).isDirectory()) throw new Error('it is no folder')
    return folder
  } catch (cause) {
    throw new MeshError(
      'ENGINE_UNAVAILABLE',
      `folder ${path} can't be shown to tasks: ${messageOf(cause)}`,
      { hint: 'give the full path of a folder', cause }
    )
  }
}
