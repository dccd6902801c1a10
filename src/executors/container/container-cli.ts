/**
 * The program that runs containers, called as a person would call it: podman or docker, which take the
 * same words for all that is needed here. Its own environment is the worker's, since it finds its daemon
 * and its storage by it; what a task gets is said in its arguments.
 */
import { execFile, spawn } from 'node:child_process'
import { basename } from 'node:path'
import { MeshError } from '../../core/errors.ts'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'

export interface CliAnswer {
  code: number | null
  stdout: string
  /** Trimmed, for people. */
  stderr: string
}

/** Podman first: it needs no daemon that is root. */
const KNOWN = [['podman'], ['docker']] as const
/** Making or removing a container takes a second on a busy machine. */
const CALL_TIMEOUT_MS = 30_000
const ANSWER_BYTES_MAX = 2 ** 20

export class ContainerCli {
  readonly isPodman: boolean
  readonly #file: string
  readonly #flags: readonly string[]

  constructor([file = '', ...flags]: readonly string[]) {
    this.isPodman = basename(file).includes('podman')
    this.#file = file
    this.#flags = flags
  }

  /** Runs one command to its end. Never rejects: what can't be started answers with no code. */
  call(words: readonly string[]): Promise<CliAnswer> {
    const limits = { timeout: CALL_TIMEOUT_MS, killSignal: 'SIGKILL', maxBuffer: ANSWER_BYTES_MAX }
    const { promise, resolve } = Promise.withResolvers<CliAnswer>()
    execFile(this.#file, [...this.#flags, ...words], limits as object, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null
      const text = stderr.trim()
      resolve({ code, stdout, stderr: text === '' ? (error?.message ?? '') : text })
    })
    return promise
  }

  /** @throws MeshError SANDBOX_CRASHED */
  async expect(words: readonly string[]): Promise<string> {
    const { code, stderr, stdout } = await this.call(words)
    if (code === 0) return stdout
    throw new MeshError('SANDBOX_CRASHED', `${basename(this.#file)} ${words[0]} failed: ${stderr}`)
  }

  /**
   * Starts a container that was made, with its streams. Ending this child does not end the container.
   * @param folder in which podman's helper may leave a file
   */
  attach(name: string, folder: string): ChildProcessWithoutNullStreams {
    const words = [...this.#flags, 'start', '--attach', '--interactive', name]
    // A group of its own, so that a signal to the worker's terminal is not one to the task.
    return spawn(this.#file, words, { cwd: folder, detached: true, stdio: 'pipe' })
  }

  /** Ends a container and whatever runs in it; one that is not there is no error. */
  async remove(names: readonly string[]): Promise<void> {
    if (names.length === 0) return
    const flags = this.isPodman ? ['--time=0', '--ignore'] : []
    await this.call(['rm', '--force', '--volumes', ...flags, ...names])
  }

  /** Containers that there are, running or not, whose names begin so. */
  async names(prefix: string): Promise<string[]> {
    const words = ['ps', '--all', `--filter=name=^${prefix}`, '--format={{.Names}}']
    const lines = (await this.expect(words)).split('\n')
    return lines.filter((line) => line.startsWith(prefix))
  }
}

/**
 * The owner's choice, or the first that answers.
 * @throws MeshError ENGINE_UNAVAILABLE
 */
export async function findCli(wanted: readonly string[]): Promise<ContainerCli> {
  const problems: string[] = []
  for (const command of wanted.length === 0 ? KNOWN : [wanted]) {
    const cli = new ContainerCli(command)
    const { code, stderr } = await cli.call(['info'])
    if (code === 0) return cli
    problems.push(`${command[0]}: ${stderr}`)
  }
  throw new MeshError('ENGINE_UNAVAILABLE', `no containers here: ${problems.join('; ')}`, {
    hint: 'install podman, or let the worker reach the docker daemon'
  })
}
