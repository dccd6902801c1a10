/**
 * What the fields of a task may hold beyond their shapes: text that a program can be given, bytes that can be
 * read, paths that stay inside its folder. A job is refused for them when it is submitted; a worker, which
 * takes no router's word, checks its task once more.
 */
import { MeshError } from '../core/errors.ts'
import { checkTaskFiles, checkTaskPath, checkText } from './task-files.ts'
import type { ItemDocument, TaskDocument } from './generated/job.ts'
import type { TaskFile } from './task-files.ts'

type Engine = TaskDocument['engine']

/** What of it is in a task or in an item. Where text is expected there may be a reference, which is no text yet. */
interface TaskContent {
  args?: unknown
  argv?: readonly unknown[]
  env?: Readonly<Record<string, unknown>>
  files?: readonly TaskFile[]
  outputs?: readonly string[]
  stdin?: unknown
}

const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/
/** Linux takes no longer argument, and no longer variable with its name. */
const TEXT_BYTES_MAX = 32 * 4_096 - 1
/**
 * Variables by which a loader, a shell or an interpreter runs other code than the program that was
 * allowed. There are more in the world; the sandbox holds what these let in.
 */
const LOADING_VARIABLES =
  /^(LD_.*|GLIBC_TUNABLES|GCONV_PATH|LOCPATH|NLSPATH|MALLOC_.*|NODE_.*|PYTHON.*|PERL.*|RUBY.*|BASH_.*|ENV|SHELLOPTS|IFS|PATH|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS|DOTNET_.*|LUA_.*|GIT_.*|OPENSSL_.*)$/
/** Holds what is no file of a wasm task, such as `/dev/progress`. */
const WASM_SYSTEM_FOLDER = 'dev'

/**
 * @param path where the task or the item stands in the document, such as `task` or `each[2]`
 * @throws MeshError FIELD_INVALID
 */
export function checkTaskContent(
  engine: Engine,
  body: TaskDocument | ItemDocument,
  path: string
): void {
  const { args, argv = [], env = {}, files = [], outputs = [], stdin } = body as TaskContent
  checkArguments(argv, `${path}.argv`)
  // Those of a builtin are an object, and JSON.
  if (Array.isArray(args)) checkArguments(args, `${path}.args`)
  for (const [name, value] of Object.entries(env)) {
    checkVariable(engine, name, value, `${path}.env.${name}`)
  }
  if (typeof stdin === 'string') checkText(stdin, `${path}.stdin`)
  checkTaskFiles(files, `${path}.files`)
  if (engine === 'wasm') checkOutsideSystem(files, `${path}.files`)
  outputs.forEach((output, index) => checkTaskPath(output, `${path}.outputs[${index}]`))
}

function checkArguments(texts: readonly unknown[], path: string): void {
  texts.forEach((text, index) => {
    if (typeof text !== 'string') return
    const where = `${path}[${index}]`
    if (text.includes('\0'))
      throw invalid(where, 'has a NUL', 'no argument can hold one; use stdin')
    if (Buffer.byteLength(text) > TEXT_BYTES_MAX) {
      throw invalid(where, 'is too long', 'use stdin or a file for so much')
    }
  })
}

function checkVariable(engine: Engine, name: string, value: unknown, where: string): void {
  if (!ENV_NAME.test(name))
    throw invalid(where, 'has no name of a variable', 'use letters, digits and _')
  if (engine === 'process' && LOADING_VARIABLES.test(name)) {
    throw invalid(where, 'may not be set', 'it would run other code than the program')
  }
  if (typeof value !== 'string') return
  if (value.includes('\0')) throw invalid(where, 'has a NUL', 'leave it out')
  // Containers are handed their variables in a file, one a line.
  if (engine === 'container' && /[\r\n]/.test(value)) {
    throw invalid(where, 'has a line break', 'no container can be given one; pass it in a file')
  }
  if (Buffer.byteLength(`${name}=${value}`) > TEXT_BYTES_MAX) {
    throw invalid(where, 'is too long', 'use stdin or a file for so much')
  }
}

/** @throws MeshError FIELD_INVALID for a file of a wasm task where its system has other things */
export function checkOutsideSystem(files: readonly { path: string }[], path: string): void {
  const index = files.findIndex((file) => file.path.split('/')[0] === WASM_SYSTEM_FOLDER)
  if (index !== -1) {
    throw invalid(
      `${path}[${index}].path`,
      'is in /dev, which the system has',
      'use another folder'
    )
  }
}

function invalid(path: string, what: string, hint: string): MeshError {
  return new MeshError('FIELD_INVALID', `${path} ${what}`, { path, hint, blame: 'job' })
}
