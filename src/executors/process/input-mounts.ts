/**
 * How a task's inputs get into its sandbox: mounted for reading, not copied, since they may be large and are
 * other tasks' too. Where the worker is root, the task's user may not get to where they lie, so root first
 * brings them to a place that is the task's alone. Pure.
 */
import { findTool } from './system-view.ts'
import type { TaskInput } from '../executor.ts'

export interface InputMounts {
  /** Goes before all that needs no root. */
  readonly command: readonly string[]
  /** For bwrap; after the working folder. */
  readonly arguments: readonly string[]
}

/** In a namespace of the task's own. It is on every system, nothing of a worker's lies there, and no sandbox shows it. */
const STAGE = '/sys/fs'
const PRIVATE = ['--mount', '--propagation', 'private', '--', '/bin/sh', '-c']
/** Takes the stage, the count of inputs, then each; what is left then goes on. */
const BRING = `stage=$1; count=$2; number=0; shift 2
mount -n -t tmpfs -o mode=755 taskmesh "$stage" || exit 1
while [ "$number" -lt "$count" ]; do
  if [ -d "$1" ]; then mkdir "$stage/$number"; else : >"$stage/$number"; fi
  mount -n --bind -- "$1" "$stage/$number" || exit 1
  number=$((number + 1)); shift
done
exec "$@"`

/** @param isStaged whether they must be brought to where the task's user can reach them */
export function inputMounts(inputs: readonly TaskInput[], isStaged: boolean): InputMounts {
  const sources = inputs.map(({ source }, index) => (isStaged ? `${STAGE}/${index}` : source))
  return {
    command: isStaged && inputs.length > 0 ? bringCommand(inputs) : [],
    arguments: inputs.flatMap(({ path }, index) => [
      '--ro-bind',
      sources[index] ?? '',
      `/work/${path}`
    ])
  }
}

function bringCommand(inputs: readonly TaskInput[]): string[] {
  const sources = inputs.map(({ source }) => source)
  const unshare = findTool('unshare', 'util-linux')
  return [unshare, ...PRIVATE, BRING, 'sh', STAGE, String(inputs.length), ...sources]
}
