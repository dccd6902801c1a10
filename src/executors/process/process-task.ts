/**
 * Reads a process task as a worker may trust it: arguments without NUL, an environment that steers the
 * program but not its loader, safe paths, bytes decoded. Pure; which programs are allowed is for
 * `program-list.ts` to say.
 */
import { MeshError } from '../../core/errors.ts'
import { bytesOfText, checkTaskPath, readTaskFiles } from '../task-files.ts'
import type { ProcessTask } from '../../model/generated/job.ts'

export interface ProcessRequest {
  argv: readonly [string, ...string[]]
  env: Readonly<Record<string, string>>
  stdin: Uint8Array | undefined
  files: ReadonlyMap<string, Uint8Array>
  /** Paths below the working folder, each once. */
  outputs: readonly string[]
}

/** Linux takes no longer argument, and no longer variable with its name. */
const TEXT_BYTES_MAX = 32 * 4_096 - 1
const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/
/**
 * Variables by which a loader, a shell or an interpreter runs other code than the program that was
 * allowed. There are more in the world; the sandbox holds what these let in.
 */
const LOADING_VARIABLES =
  /^(LD_.*|GLIBC_TUNABLES|GCONV_PATH|LOCPATH|NLSPATH|MALLOC_.*|NODE_.*|PYTHON.*|PERL.*|RUBY.*|BASH_.*|ENV|SHELLOPTS|IFS|PATH|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS|DOTNET_.*|LUA_.*|GIT_.*|OPENSSL_.*)$/

/** @throws MeshError FIELD_INVALID */
export function readProcessTask(task: ProcessTask): ProcessRequest {
  const [program = '', ...rest] = task.argv
  checkArguments([program, ...rest])
  checkEnvironment(task.env ?? {})
  const outputs = [...new Set(task.outputs ?? [])]
  outputs.forEach((path, index) => checkTaskPath(path, `task.outputs[${index}]`))
  return {
    argv: [program, ...rest],
    env: task.env ?? {},
    stdin: task.stdin === undefined ? undefined : bytesOfText(task.stdin, 'task.stdin'),
    files: readTaskFiles(task.files ?? [], 'task.files'),
    outputs
  }
}

function checkArguments(argv: readonly string[]): void {
  argv.forEach((argument, index) => {
    if (argument.includes('\0')) {
      throw invalid(`task.argv[${index}]`, 'has a NUL', 'no argument can hold one; use stdin')
    }
    if (Buffer.byteLength(argument) > TEXT_BYTES_MAX) {
      throw invalid(`task.argv[${index}]`, 'is too long', 'use stdin or a file for so much')
    }
  })
}

function checkEnvironment(env: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(env)) {
    if (!ENV_NAME.test(name)) {
      throw invalid('task.env', `has the name "${name}"`, 'use letters, digits and _')
    }
    if (LOADING_VARIABLES.test(name)) {
      throw invalid(
        `task.env.${name}`,
        'may not be set',
        'it would run other code than the program'
      )
    }
    if (value.includes('\0')) throw invalid(`task.env.${name}`, 'has a NUL', 'leave it out')
    if (Buffer.byteLength(`${name}=${value}`) > TEXT_BYTES_MAX) {
      throw invalid(`task.env.${name}`, 'is too long', 'use stdin or a file for so much')
    }
  }
}

function invalid(path: string, what: string, hint: string): MeshError {
  return new MeshError('FIELD_INVALID', `${path} ${what}`, { path, hint, blame: 'job' })
}
