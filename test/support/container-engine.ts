/**
 * Engine `container` for tests, with an image and a storage of their own, and whether this machine can
 * have it at all. The image is busybox, which must be installed as a program that needs no libraries.
 */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { messageOf } from '../../src/core/errors.ts'
import { ContainerExecutor } from '../../src/executors/container/container-executor.ts'
import { recordRun } from '../conformance/executor-recorder.ts'
import { taskTerms } from './task-terms.ts'
import { systemClock } from '../../src/core/clock.ts'
import type { ContainerExecutorInit } from '../../src/executors/container/container-executor.ts'
import type { ContainerTask } from '../../src/model/generated/job.ts'
import type { TaskTerms } from './task-terms.ts'
import type { RecordedOutcome } from '../conformance/executor-recorder.ts'

const BUSYBOX = '/bin/busybox'
const TOOLS = ['sh', 'id', 'cat', 'wc', 'echo', 'sleep', 'head', 'yes', 'printf', 'ln', 'tr']

/** What a test works with; `problem` says why it can't. */
export interface ContainerGround {
  problem: string | undefined
  /** Podman with a storage of its own. */
  cli: readonly string[]
  image: string
}

/** Says aloud why nothing is tested: a silent skip looks like a pass. */
export async function prepareContainers(): Promise<ContainerGround> {
  const folder = mkdtempSync(join(tmpdir(), 'taskmesh-containers-test-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const cli = [
    'podman',
    `--root=${join(folder, 'root')}`,
    `--runroot=${join(folder, 'run')}`,
    '--storage-driver=vfs',
    '--cgroup-manager=cgroupfs',
    '--runtime=runc'
  ]
  try {
    const image = importImage(cli, join(folder, 'image'))
    const executor = createContainerExecutor({ problem: undefined, cli, image })
    await executor.start()
    await executor.stop()
    return { problem: undefined, cli, image }
  } catch (cause) {
    const problem = messageOf(cause)
    console.warn(`SKIPPED: no test of engine container runs here: ${problem}`)
    return { problem, cli, image: '' }
  }
}

export function createContainerExecutor(
  { cli, image }: ContainerGround,
  init: Partial<ContainerExecutorInit> = {}
): ContainerExecutor {
  const folder = mkdtempSync(join(tmpdir(), 'taskmesh-container-test-'))
  return new ContainerExecutor({ clock: systemClock }, { folder, images: [image], cli, ...init })
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
export function containersOf({ cli }: ContainerGround, mark: string): string[] {
  const [file = '', ...flags] = cli
  const names = execFileSync(file, [...flags, 'ps', '--all', '--format={{.Names}}'])
  return String(names)
    .split('\n')
    .filter((name) => name.startsWith(mark))
}

/** Makes a container that nobody runs, as a worker leaves one behind that was killed. */
export function leaveContainer({ cli, image }: ContainerGround, name: string): void {
  const [file = '', ...flags] = cli
  execFileSync(file, [...flags, 'create', `--name=${name}`, image, '/bin/sleep', '600'])
}

/** @returns its id */
function importImage([file = '', ...flags]: readonly string[], folder: string): string {
  if (!existsSync(BUSYBOX)) throw new Error(`there is no ${BUSYBOX}`)
  for (const name of ['bin', 'etc', 'tmp', 'work', 'proc', 'dev', 'sys']) {
    mkdirSync(join(folder, name), { recursive: true })
  }
  copyFileSync(BUSYBOX, join(folder, 'bin/busybox'))
  for (const tool of TOOLS) symlinkSync('busybox', join(folder, 'bin', tool))
  const archive = `${folder}.tar`
  execFileSync('tar', ['-C', folder, '-cf', archive, '.'])
  const words = [...flags, 'import', '--quiet', archive, 'localhost/taskmesh-test:1']
  const id = String(execFileSync(file, words, { stdio: 'pipe' })).trim()
  return id.startsWith('sha256:') ? id : `sha256:${id}`
}
