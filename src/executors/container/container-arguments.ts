/** How a container is run for one task: everything refused that can be, then what the task needs. Pure. */
import { streamLogWords } from './stream-log.ts'
import { PROCESSES_MAX } from '../process/resource-limits.ts'
import type { TaskInput, TaskRun } from '../executor.ts'

export interface ContainerPlan extends Pick<TaskRun, 'gpus' | 'memoryBytesMax' | 'timeoutMs'> {
  name: string
  /** As the owner wrote it. */
  image: string
  /** Undefined: what the image itself starts. */
  argv: readonly [string, ...string[]] | undefined
  uid: number
  /** Whether that is the worker's own user. */
  isOwnUser: boolean
  /** On the machine; the task's working folder. */
  folder: string
  /** What it finds there for reading. */
  inputs: readonly TaskInput[]
  /** File with a `NAME=value` a line. */
  envFile: string
  /** File in which what it writes is kept as well; undefined: nowhere. */
  streamLog: string | undefined
  /** What the container has as `/etc/hosts`. */
  hostsFile: string
  /** Undefined where the runtime can't hold it. */
  cpuCores: number | undefined
  /** Of one file; of all together it is for `container-watch.ts` to see. */
  diskBytesMax: number
  hasNetwork: boolean
  /** Control group in which the container's own is made; undefined: where the runtime likes. */
  parentGroup: string | undefined
}

/** Where a task finds its files, as in engine `process`. */
export const WORK_FOLDER = '/work'
/** Above what podman sets by itself where it may not; it counts all of the user's containers together. */
const USER_PROCESSES_MAX = 4_096
const FILES_OPEN_MAX = 1_024
/** Docker refuses less than 6 MiB, and what sets a container up needs some itself. */
const MEMORY_BYTES_MIN = 8 * 2 ** 20
/** Docker refuses less. */
const CPUS_MIN = 0.01
const TMP_SIZE = '64m'
const SHARED_MEMORY_SIZE = '16m'
/** The container's own clock ends it should the worker be gone; the worker's ends it before. */
const CLOCK_SLACK_S = 60

/** Words of `run`. */
export function runWords(plan: ContainerPlan, isPodman: boolean): string[] {
  const { argv, envFile, folder, image, name, parentGroup, uid } = plan
  const [entrypoint, ...rest] = argv ?? []
  return [
    'run',
    `--name=${name}`,
    '--pull=never',
    '--interactive',
    ...(plan.hasNetwork ? [] : ['--network=none']),
    '--read-only',
    '--cap-drop=all',
    '--security-opt=no-new-privileges',
    `--user=${uid}:${uid}`,
    ...limitFlags(plan),
    `--tmpfs=/tmp:rw,nosuid,nodev,noexec,size=${TMP_SIZE},mode=1777`,
    ...(plan.streamLog === undefined ? ['--log-driver=none'] : streamLogWords(plan.streamLog)),
    '--hostname=job',
    // An image may name a command that is run beside the task from time to time.
    '--no-healthcheck',
    `--mount=type=bind,source=${folder},target=${WORK_FOLDER}${isPodman ? ',relabel=private' : ''}`,
    ...plan.inputs.map(inputFlag),
    `--workdir=${WORK_FOLDER}`,
    `--env-file=${envFile}`,
    ...gpuFlags(plan.gpus, isPodman),
    ...(parentGroup === undefined ? [] : [`--cgroup-parent=${parentGroup}`]),
    ...(isPodman ? podmanFlags(plan) : []),
    ...(entrypoint === undefined ? [] : [`--entrypoint=${entrypoint}`]),
    image,
    ...rest
  ]
}

/** Its fields are parted as in a table, where a field in quotes may hold anything. */
function inputFlag({ path, source }: TaskInput): string {
  const fields = ['type=bind', `source=${source}`, `target=${WORK_FOLDER}/${path}`, 'readonly']
  return `--mount=${fields.map(quoteField).join(',')}`
}

function quoteField(text: string): string {
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function limitFlags({ cpuCores, diskBytesMax, memoryBytesMax }: ContainerPlan): string[] {
  const memoryBytes = Math.max(memoryBytesMax, MEMORY_BYTES_MIN)
  return [
    `--memory=${memoryBytes}b`,
    // Together with swap: none beyond it.
    `--memory-swap=${memoryBytes}b`,
    `--pids-limit=${PROCESSES_MAX}`,
    ...(cpuCores === undefined ? [] : [`--cpus=${Math.max(cpuCores, CPUS_MIN)}`]),
    `--ulimit=nproc=${USER_PROCESSES_MAX}:${USER_PROCESSES_MAX}`,
    `--ulimit=nofile=${FILES_OPEN_MAX}:${FILES_OPEN_MAX}`,
    `--ulimit=fsize=${diskBytesMax}:${diskBytesMax}`,
    '--ulimit=core=0:0',
    `--shm-size=${SHARED_MEMORY_SIZE}`
  ]
}

/**
 * The task's own GPUs and no others. Inside they are numbered anew from 0. Many images ask for all GPUs
 * by a variable that Nvidia's hook obeys, wherever the owner has it: it is set over whatever they say.
 */
function gpuFlags(gpus: readonly number[], isPodman: boolean): string[] {
  const all = gpus.join(',')
  const devices = isPodman
    ? gpus.map((gpu) => `--device=nvidia.com/gpu=${gpu}`)
    : // The quotes are docker's: without them a comma would begin another option.
      [`--gpus="device=${all}"`]
  return [
    ...(gpus.length === 0 ? [] : devices),
    `--env=NVIDIA_VISIBLE_DEVICES=${gpus.length === 0 ? 'void' : all}`,
    '--env=CUDA_DEVICE_ORDER=PCI_BUS_ID',
    `--env=CUDA_VISIBLE_DEVICES=${gpus.map((_, index) => index).join(',')}`
  ]
}

/** What docker never does, or can't be kept from in this way. */
function podmanFlags({ hostsFile, isOwnUser, timeoutMs }: ContainerPlan): string[] {
  return [
    // Otherwise it puts some more writable folders into memory.
    '--read-only-tmpfs=false',
    // An image's own volumes would be writable folders on the disk that nothing bounds.
    '--image-volume=ignore',
    // The worker's proxy may have a password in its address.
    '--http-proxy=false',
    // A copy of the machine's own would tell the names of its neighbours.
    '--no-hosts',
    `--mount=type=bind,source=${hostsFile},target=/etc/hosts,readonly,relabel=private`,
    // Its helper does not count as the task's.
    '--cgroups=no-conmon',
    `--timeout=${Math.ceil(timeoutMs / 1_000) + CLOCK_SLACK_S}`,
    // Without root the folder's owner has another number inside, unless it is told to keep it.
    ...(isOwnUser ? ['--userns=keep-id'] : [])
  ]
}
