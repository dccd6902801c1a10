/**
 * The program that runs containers, called as a person would call it: podman or docker, which take the
 * same words for all that is needed here. Of the worker's environment it has what it finds its daemon, its storage
 * and its registries by; what a task gets is said in its arguments. No call waits longer than its bound, whatever
 * hangs.
 */
import { execFile, spawn } from 'node:child_process'
import { basename } from 'node:path'
import { MeshError } from '../../core/errors.ts'
import { childEnvironment } from '../../core/child-environment.ts'
import { deferred } from '../../core/abort.ts'
import { formatDuration } from '../../core/units.ts'
import { hideSecrets } from '../../core/secret-text.ts'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import type { Clock } from '../../core/clock.ts'

export interface CliAnswer {
  /** Null for what could not be started, or gave no answer. */
  code: number | null
  stdout: string
  /** Trimmed, for people. */
  stderr: string
}

/** What the runtime knows of a container. */
export interface ContainerState {
  /** False while it is being made, and for ever if its program could not be started. */
  hasBegun: boolean
  isRunning: boolean
  /** Of its first process, as the machine numbers it; 0 unless it runs. */
  pid: number
  exitCode: number
  isOutOfMemory: boolean
}

export interface GroupFacts {
  /** Who makes containers' control groups: `cgroupfs` or `systemd`. */
  manager: string
  /** Whether it can bound a container's share of the CPU; a user's own podman often can't. */
  holdsCpu: boolean
}

/** Podman first: it needs no daemon that is root. */
const KNOWN = [['podman'], ['docker']] as const
/** Making or removing a container takes a second on a busy machine. */
const CALL_TIMEOUT_MS = 30_000
const ANSWER_BYTES_MAX = 2 ** 20
const STATE_FORMAT =
  '{{.State.Status}} {{.State.Pid}} {{.State.ExitCode}} {{.State.OOMKilled}} {{.State.Running}}'
/** Before its program begins, in the words of both. */
const UNBEGUN = ['created', 'configured', 'initialized']

/** By these podman and docker find what is theirs. */
const VARIABLES = [
  'USER',
  'LOGNAME',
  'XDG_*',
  'DOCKER_*',
  'CONTAINER_*',
  'CONTAINERS_*',
  '_CONTAINERS_*',
  'STORAGE_*',
  'REGISTRY_AUTH_FILE',
  'REGISTRIES_CONFIG_PATH',
  'BUILDAH_ISOLATION',
  'DBUS_SESSION_BUS_ADDRESS',
  'SSH_AUTH_SOCK'
] as const

export class ContainerCli {
  readonly isPodman: boolean
  /** For people. */
  readonly program: string
  /** As its owner types it, with the flags that lead to the same storage. */
  readonly command: string
  readonly #clock: Clock
  readonly #file: string
  readonly #flags: readonly string[]

  constructor(clock: Clock, [file = '', ...flags]: readonly string[]) {
    this.program = basename(file)
    this.command = [file, ...flags].join(' ')
    this.isPodman = this.program.includes('podman')
    this.#clock = clock
    this.#file = file
    this.#flags = flags
  }

  /** Runs one command to its end. Never rejects. */
  call(words: readonly string[]): Promise<CliAnswer> {
    const { promise, resolve } = deferred<CliAnswer>()
    const limits = { maxBuffer: ANSWER_BYTES_MAX, env: childEnvironment(VARIABLES) }
    const child = execFile(
      this.#file,
      [...this.#flags, ...words],
      limits,
      (error, stdout, stderr) => {
        cancel()
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null
        // Addresses of daemons and registries may hold passwords.
        const text = hideSecrets(stderr.trim())
        resolve({ code, stdout, stderr: text === '' ? hideSecrets(error?.message ?? '') : text })
      }
    )
    // It may hang so that no signal reaches it: nobody waits for that.
    const cancel = this.#clock.after(CALL_TIMEOUT_MS, () => {
      child.kill('SIGKILL')
      const stderr = `no answer within ${formatDuration(CALL_TIMEOUT_MS)}`
      resolve({ code: null, stdout: '', stderr })
    })
    return promise
  }

  /** @throws MeshError SANDBOX_CRASHED */
  async expect(words: readonly string[]): Promise<string> {
    const { code, stderr, stdout } = await this.call(words)
    if (code === 0) return stdout
    throw new MeshError('SANDBOX_CRASHED', `${this.program} ${words[0]} failed: ${stderr}`)
  }

  /**
   * Runs a container, with its streams. Ending this child does not end the container.
   * @param folder in which podman's helper may leave a file
   */
  run(words: readonly string[], folder: string): ChildProcessWithoutNullStreams {
    // A group of its own, so that a signal to the worker's terminal is not one to the task.
    return spawn(this.#file, [...this.#flags, ...words], {
      cwd: folder,
      detached: true,
      env: childEnvironment(VARIABLES),
      stdio: 'pipe'
    })
  }

  /** Undefined for one that is not there, or when nobody says. */
  async state(name: string): Promise<ContainerState | undefined> {
    const words = ['container', 'inspect', `--format=${STATE_FORMAT}`, name]
    const { code, stdout } = await this.call(words)
    if (code !== 0) return undefined
    const [status = '', pid, exitCode, isOutOfMemory, isRunning] = stdout.trim().split(' ')
    return {
      hasBegun: !UNBEGUN.includes(status),
      isRunning: isRunning === 'true',
      pid: Number(pid),
      exitCode: Number(exitCode),
      isOutOfMemory: isOutOfMemory === 'true'
    }
  }

  /** Asks what runs in it to end. */
  async terminate(name: string): Promise<void> {
    await this.call(['kill', '--signal=TERM', name])
  }

  /**
   * Ends containers and whatever runs in them; one that is not there is no error.
   * @returns false when one may still be there
   */
  async remove(names: readonly string[]): Promise<boolean> {
    if (names.length === 0) return true
    const flags = this.isPodman ? ['--time=0', '--ignore'] : []
    const { code, stderr } = await this.call(['rm', '--force', '--volumes', ...flags, ...names])
    // Docker before 20.10.18 takes one that is not there for an error.
    return code === 0 || (code !== null && /no such container/i.test(stderr))
  }

  /** Containers that there are, running or not, whose names begin so. */
  async names(prefix: string): Promise<string[]> {
    const words = ['ps', '--all', `--filter=name=^${prefix}`, '--format={{.Names}}']
    const lines = (await this.expect(words)).split('\n')
    return lines.filter((line) => line.startsWith(prefix))
  }

  /** How it holds containers to limits. Nothing is known of one that does not say. */
  async groupFacts(): Promise<GroupFacts> {
    const format = this.isPodman
      ? '{{.Host.CgroupManager}} {{json .Host.CgroupControllers}}'
      : '{{.CgroupDriver}} {{.CPUCfsQuota}}'
    const { stdout } = await this.call(['info', `--format=${format}`])
    const [manager = '', ...facts] = stdout.trim().split(' ')
    return { manager, holdsCpu: /"cpu"|true/.test(facts.join(' ')) }
  }
}

/**
 * The owner's choice, or the first that answers.
 * @throws MeshError ENGINE_UNAVAILABLE
 */
export async function findCli(clock: Clock, wanted: readonly string[]): Promise<ContainerCli> {
  const problems: string[] = []
  for (const command of wanted.length === 0 ? KNOWN : [wanted]) {
    const cli = new ContainerCli(clock, command)
    const { code, stderr } = await cli.call(['info'])
    // Where docker's daemon can't be reached, some versions print that and end well.
    if (code === 0 && !/cannot connect/i.test(stderr)) return cli
    problems.push(`${command[0]}: ${stderr}`)
  }
  throw new MeshError('ENGINE_UNAVAILABLE', `no containers here: ${problems.join('; ')}`, {
    hint: 'install podman, or let the worker reach the docker daemon'
  })
}
