/**
 * Engine `container` for tests, with an image and a storage of their own, and whether this machine can
 * have it at all. The image is busybox, which must be installed as a program that needs no libraries.
 */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync
} from 'node:fs'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { messageOf } from '../../src/core/errors.ts'
import { ContainerExecutor } from '../../src/executors/container/container-executor.ts'
import { recordRun } from '../conformance/executor-recorder.ts'
import { silentLogger } from '../../src/observe/logger.ts'
import { startDocker } from './docker-daemon.ts'
import { systemClock } from '../../src/core/clock.ts'
import { taskTerms } from './task-terms.ts'
import type { ContainerExecutorInit } from '../../src/executors/container/container-executor.ts'
import type { ContainerTask } from '../../src/model/generated/job.ts'
import type { TaskTerms } from './task-terms.ts'
import type { RecordedOutcome } from '../conformance/executor-recorder.ts'

export const RUNTIMES = ['podman', 'docker'] as const
type Runtime = (typeof RUNTIMES)[number]

const BUSYBOX = '/bin/busybox'
const TOOLS = [
  'sh',
  'id',
  'cat',
  'wc',
  'echo',
  'sleep',
  'head',
  'yes',
  'printf',
  'ln',
  'tr',
  'rm',
  'mv',
  'chmod',
  'mkdir',
  'dirname'
]
const FOLDERS = ['bin', 'etc', 'tmp', 'work', 'proc', 'dev', 'sys']

/** What a test works with; `problem` says why it can't. */
export interface ContainerGround {
  problem: string | undefined
  /** With a storage of its own. */
  cli: readonly string[]
  image: string
  /** Removed when it is closed, with all that engines have there. */
  folder: string
  close: () => Promise<void>
}

/** Says aloud why nothing is tested: a silent skip looks like a pass. */
export async function prepareContainers(runtime: Runtime): Promise<ContainerGround> {
  const folder = mkdtempSync(join(tmpdir(), 'taskmesh-containers-test-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  let close = nothing
  try {
    const { cli, stop } =
      runtime === 'podman' ? { cli: podmanIn(folder), stop: nothing } : await startDocker(folder)
    close = async () => {
      await stop()
      remove()
    }
    const image = importImage(cli, join(folder, 'image'))
    const ground = { problem: undefined, cli, image, folder, close }
    const executor = createContainerExecutor(ground)
    await executor.start()
    await executor.stop()
    return ground
  } catch (cause) {
    const problem = messageOf(cause)
    console.warn(`SKIPPED: no test of engine container by ${runtime} runs here: ${problem}`)
    await close()
    remove()
    return { problem, cli: [], image: '', folder, close: nothing }
  }
}

export function createContainerExecutor(
  { cli, folder: ground, image }: ContainerGround,
  init: Partial<ContainerExecutorInit> = {},
  logger = silentLogger
): ContainerExecutor {
  const folder = mkdtempSync(join(ground, 'node-'))
  return new ContainerExecutor(
    { clock: systemClock, logger },
    { folder, images: [image], cli, ...init }
  )
}

export function runContainer(
  executor: ContainerExecutor,
  task: Omit<ContainerTask, 'engine'>,
  more: Partial<TaskTerms> = {}
): Promise<RecordedOutcome> {
  const terms = taskTerms({ memoryBytesMax: 64 * 2 ** 20, ...more })
  return recordRun(
    (listener) => executor.run({ task: { engine: 'container', ...task }, ...terms, ...listener }),
    more
  )
}

/** Names of all containers of this storage that begin so, running or not. */
export function containersOf(ground: ContainerGround, mark: string): string[] {
  return callCli(ground, 'ps', '--all', '--format={{.Names}}')
    .split('\n')
    .filter((name) => name.startsWith(mark))
}

/** Of what a container runs, as the machine numbers it. */
export function firstPid(ground: ContainerGround, name: string): number {
  return Number(callCli(ground, 'inspect', '--format={{.State.Pid}}', name))
}

/** Makes a container that nobody waits for, as a worker leaves one behind that was killed. */
export function leaveContainer(ground: ContainerGround, name: string): void {
  const limits = ['--ulimit=nproc=4096:4096', '--ulimit=nofile=256:256', '--network=none']
  callCli(ground, 'run', '--detach', ...limits, `--name=${name}`, ground.image, 'sleep', '600')
}

export function removeContainers(ground: ContainerGround, ...names: string[]): void {
  // Left to itself, podman would first wait ten seconds for them to end.
  callCli(ground, 'kill', ...names)
  callCli(ground, 'rm', '--force', ...names)
}

function callCli({ cli: [file = '', ...flags] }: ContainerGround, ...words: string[]): string {
  return String(execFileSync(file, [...flags, ...words], { stdio: 'pipe' }))
}

async function nothing(): Promise<void> {}

function podmanIn(folder: string): readonly string[] {
  return [
    'podman',
    `--root=${join(folder, 'root')}`,
    `--runroot=${join(folder, 'run')}`,
    '--storage-driver=vfs',
    '--cgroup-manager=cgroupfs',
    '--runtime=runc'
  ]
}

/** @returns its id */
function importImage([file = '', ...flags]: readonly string[], folder: string): string {
  if (!existsSync(BUSYBOX)) throw new Error(`there is no ${BUSYBOX}`)
  for (const name of FOLDERS) mkdirSync(join(folder, name), { recursive: true })
  // A runtime leaves to a mounted folder the mode that the image gave it.
  chmodSync(join(folder, 'tmp'), 0o1777)
  copyFileSync(BUSYBOX, join(folder, 'bin/busybox'))
  for (const tool of TOOLS) symlinkSync('busybox', join(folder, 'bin', tool))
  const archive = `${folder}.tar`
  execFileSync('tar', ['-C', folder, '-cf', archive, '.'])
  const words = [...flags, 'import', archive, 'localhost/taskmesh-test:1']
  const id = String(execFileSync(file, words, { stdio: 'pipe' })).trim()
  return id.startsWith('sha256:') ? id : `sha256:${id}`
}
