/**
 * Tries the engine once with all that a real task gets: that podman or docker answers says little about
 * control groups, mounts and users. An image without a shell is taken at its word once the runtime has
 * come as far as looking for one inside.
 */
import { MeshError } from '../../core/errors.ts'
import type { ContainerRequest } from './container-task.ts'
import type { ContainerTerms } from './container-run.ts'
import type { TaskOutcome } from '../executor.ts'

const SCRIPT = `
fail () { echo "the container does not hold: $1" >&2; exit 1; }
[ "$(id -u)" != 0 ] || fail 'tasks are root'
[ "$(cat in)" = here ] || fail 'input files do not arrive'
for path in / /etc /proc/sys/kernel/core_pattern; do [ ! -w "$path" ] || fail "$path can be written"; done
[ "$(wc -l </proc/net/dev)" -le 3 ] || fail 'there is a network'
echo there >out || fail 'outputs cannot be written'
`
const NO_SHELL = /with exit code 12[67]\b/
const TIMEOUT_MS = 20_000
const MEMORY_BYTES = 64 * 2 ** 20

/** @throws MeshError ENGINE_UNAVAILABLE */
export async function probe(
  image: string,
  run: (request: ContainerRequest, terms: ContainerTerms) => Promise<TaskOutcome>
): Promise<void> {
  const { error, output } = await run(
    {
      image,
      argv: ['/bin/sh', '-c', SCRIPT],
      env: {},
      stdin: undefined,
      files: new Map([['in', Buffer.from('here\n')]]),
      outputs: ['out']
    },
    {
      memoryBytesMax: MEMORY_BYTES,
      timeoutMs: TIMEOUT_MS,
      cpuCores: undefined,
      diskBytesMax: undefined,
      network: false,
      seed: '',
      submittedAtMs: 0,
      gpus: [],
      killAfterMs: () => 0,
      signal: new AbortController().signal,
      onLog: () => {}
    }
  )
  if (error === undefined && output?.includes('"text":"there\\n"') === true) return
  if (error?.code === 'TASK_FAILED' && NO_SHELL.test(error.message)) return
  throw new MeshError(
    'ENGINE_UNAVAILABLE',
    `containers can't be run here: ${error?.message ?? 'outputs do not come back'}`,
    { cause: error }
  )
}
