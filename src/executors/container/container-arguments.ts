/** How a container is made for one task: everything refused that can be, then what the task needs. Pure. */

export interface ContainerPlan {
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
  /** File with a `NAME=value` a line. */
  envFile: string
  memoryBytesMax: number
  timeoutMs: number
}

/** Where a task finds its files, as in engine `process`. */
const WORK_FOLDER = '/work'
/** Room for a build with `make -j`; a fork bomb ends here. */
const PROCESSES_MAX = 64
/** Above what podman sets by itself where it may not; it counts all of the user's containers together. */
const USER_PROCESSES_MAX = 4_096
const FILES_OPEN_MAX = 1_024
/** Of one file: nothing bounds their sum but the disk. */
const FILE_BYTES_MAX = 2 ** 30
/** One slot is one core. */
const CPUS = 1
const TMP_SIZE = '64m'
const SHARED_MEMORY_SIZE = '16m'
/** The container's own clock ends it should the worker be gone; the worker's ends it before. */
const CLOCK_SLACK_S = 60

/** Words of `create`. */
export function createWords(plan: ContainerPlan, isPodman: boolean): string[] {
  const { argv, envFile, folder, image, memoryBytesMax, name, uid } = plan
  const [entrypoint, ...rest] = argv ?? []
  return [
    'create',
    `--name=${name}`,
    '--pull=never',
    '--interactive',
    '--network=none',
    '--read-only',
    '--cap-drop=all',
    '--security-opt=no-new-privileges',
    `--user=${uid}:${uid}`,
    `--memory=${memoryBytesMax}b`,
    // Together with swap: none beyond it.
    `--memory-swap=${memoryBytesMax}b`,
    `--pids-limit=${PROCESSES_MAX}`,
    `--cpus=${CPUS}`,
    `--ulimit=nproc=${USER_PROCESSES_MAX}:${USER_PROCESSES_MAX}`,
    `--ulimit=nofile=${FILES_OPEN_MAX}:${FILES_OPEN_MAX}`,
    `--ulimit=fsize=${FILE_BYTES_MAX}:${FILE_BYTES_MAX}`,
    '--ulimit=core=0:0',
    `--shm-size=${SHARED_MEMORY_SIZE}`,
    `--tmpfs=/tmp:rw,nosuid,nodev,noexec,size=${TMP_SIZE},mode=1777`,
    '--log-driver=none',
    '--hostname=job',
    `--mount=type=bind,source=${folder},target=${WORK_FOLDER}`,
    `--workdir=${WORK_FOLDER}`,
    `--env-file=${envFile}`,
    ...(isPodman ? podmanFlags(plan) : []),
    ...(entrypoint === undefined ? [] : [`--entrypoint=${entrypoint}`]),
    image,
    ...rest
  ]
}

function podmanFlags({ isOwnUser, timeoutMs }: ContainerPlan): string[] {
  return [
    // Otherwise it puts some more writable folders into memory.
    '--read-only-tmpfs=false',
    `--timeout=${Math.ceil(timeoutMs / 1_000) + CLOCK_SLACK_S}`,
    // Without root the folder's owner has another number inside, unless it is told to keep it.
    ...(isOwnUser ? ['--userns=keep-id'] : [])
  ]
}
