/**
 * Tries the engine once with all that a real task gets: that podman or docker answers says little about
 * control groups, mounts and users. Inside it looks which limits the kernel has been told. An image
 * without a shell is taken at its word once the runtime has come as far as looking for one inside; no
 * limit is then said to hold.
 */
import { PROCESSES_MAX } from '../process/resource-limits.ts'
import { MeshError } from '../../core/errors.ts'
import { isProgramMissing } from './container-end.ts'
import type { ContainerRequest } from './container-task.ts'
import type { ContainerTerms } from './container-run.ts'
import type { Resource } from '../../model/enforcement.ts'
import type { TaskOutcome } from '../executor.ts'

/** Runs one container, from its beginning to its end. */
export type RunContainer = (
  request: ContainerRequest,
  terms: ContainerTerms
) => Promise<TaskOutcome>

const CPU_CORES = 0.5
/** Of 100 ms, which is the period of both. */
const CPU_QUOTA_US = 50_000
const MEMORY_BYTES = 64 * 2 ** 20
const DISK_BYTES = 16 * 2 ** 20
const TIMEOUT_MS = 20_000

const SCRIPT = `
fail () { echo "the container does not hold: $1" >&2; exit 1; }
first () { for file; do if [ -r "$file" ]; then cat "$file"; return; fi; done; echo none; }
groups=/sys/fs/cgroup
[ "$(id -u)" != 0 ] || fail 'tasks are root'
[ "$(cat in)" = here ] || fail 'input files do not arrive'
for path in / /etc /proc/sys/kernel/core_pattern; do [ ! -w "$path" ] || fail "$path can be written"; done
[ "$(wc -l </proc/net/dev)" -le 3 ] || fail 'there is a network'
[ "$(first $groups/pids.max $groups/pids/pids.max)" = ${PROCESSES_MAX} ] || fail 'any number of processes'
{
  echo "memory $(first $groups/memory.max $groups/memory/memory.limit_in_bytes)"
  echo "cpu $(first $groups/cpu.max $groups/cpu/cpu.cfs_quota_us $groups/cpu,cpuacct/cpu.cfs_quota_us)"
  for device in /dev/nvidia* /dev/dri /dev/kfd; do [ ! -e "$device" ] || echo "gpu $device"; done
} >out || fail 'outputs cannot be written'
`
const NETWORK_SCRIPT = `[ "$(wc -l </proc/net/dev)" -gt 3 ]`

/**
 * @param images that are there; one with a shell is enough
 * @returns what is held by force
 * @throws MeshError ENGINE_UNAVAILABLE
 */
export async function probe(images: readonly string[], run: RunContainer): Promise<Resource[]> {
  let problem: MeshError | undefined
  let isTaken = false
  for (const image of images) {
    const { error, output } = await run(requestOf(image, SCRIPT), termsOf({ network: false }))
    if (output !== undefined) return heldBy(output)
    if (error !== undefined && isProgramMissing(error)) isTaken = true
    // An image for another kind of machine says nothing about the others; one that has run does.
    else if (error?.path === 'task.argv') problem = error
    else throw unavailable(error)
  }
  if (isTaken) return ['disk']
  throw unavailable(problem)
}

/** Whether a task that asks for the network would get one. @returns what is in the way */
export async function probeNetwork(
  image: string,
  run: RunContainer
): Promise<MeshError | undefined> {
  const { error } = await run(requestOf(image, NETWORK_SCRIPT), termsOf({ network: true }))
  return error === undefined || isProgramMissing(error) ? undefined : error
}

function heldBy(output: string): Resource[] {
  const { files = [] } = JSON.parse(output) as { files?: { text?: string }[] }
  const lines = (files[0]?.text ?? '').split('\n').map((line) => line.split(' '))
  const figureOf = (name: string): string | undefined => lines.find(([one]) => one === name)?.[1]
  return [
    ...(figureOf('cpu') === String(CPU_QUOTA_US) ? (['cpu'] as const) : []),
    ...(figureOf('memory') === String(MEMORY_BYTES) ? (['memory'] as const) : []),
    // By the engine's own watch, on every machine.
    'disk',
    ...(figureOf('gpu') === undefined ? (['gpu'] as const) : [])
  ]
}

function requestOf(image: string, text: string): ContainerRequest {
  return {
    image,
    argv: ['/bin/sh', '-c', text],
    env: {},
    stdin: undefined,
    files: new Map([['in', Buffer.from('here\n')]]),
    outputs: text === SCRIPT ? ['out'] : []
  }
}

function termsOf({ network }: { network: boolean }): ContainerTerms {
  const { signal } = new AbortController()
  return {
    memoryBytesMax: MEMORY_BYTES,
    timeoutMs: TIMEOUT_MS,
    cpuCores: CPU_CORES,
    diskBytesMax: DISK_BYTES,
    network,
    origin: undefined,
    seed: '',
    submittedAtMs: 0,
    gpus: [],
    signal,
    killSignal: signal,
    inputs: [],
    outputs: [],
    onLog: () => {},
    onOutput: async () => {}
  }
}

function unavailable(cause: MeshError | undefined): MeshError {
  const message = `containers can't be run here: ${cause?.message ?? 'no image is there'}`
  return new MeshError('ENGINE_UNAVAILABLE', message, { hint: cause?.hint, cause })
}
