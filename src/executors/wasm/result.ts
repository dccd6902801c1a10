/** What a program leaves behind, as the JSON that the task returns. */
import { FileError } from '../wasi/file-system.ts'
import { LIMITS } from '../../core/limits.ts'
import { OutputOverflow } from './guest-streams.ts'
import { checkTaskPath, encodeBytes, encodeResultFile } from '../../model/task-files.ts'
import { messageOf } from '../../core/errors.ts'
import type { FileSystem } from '../wasi/file-system.ts'
import type { GuestEnd } from '../sandbox/serve-tasks.ts'
import type { Node } from '../wasi/nodes.ts'
import type { WasmRequest } from './program.ts'

/** A file that the task named as output and the program did not make. */
export class OutputMissing extends Error {
  constructor(path: string) {
    super(`the program left no "${path}", which its outputs name`)
  }
}

/** A file that may not leave under the name that the program gave it. */
export class UnfitName extends Error {
  constructor(path: string, why: string) {
    super(`the program left ${JSON.stringify(path.slice(0, NAME_LENGTH_SHOWN))}, and ${why}`)
  }
}

type Produced = NonNullable<GuestEnd['produced']>[number]

/** People see which is meant. */
const NAME_LENGTH_SHOWN = 200

/**
 * JSON text of the exit code, stdout and the output files.
 * @throws OutputOverflow, OutputMissing
 */
export function encodeResult(stdout: Uint8Array, files: FileSystem, outputs?: string[]): string {
  const contents = outputs === undefined ? undefined : [...collect(files, outputs)]
  const sizes = [stdout, ...(contents ?? []).map(([, bytes]) => bytes)].map((b) => b.byteLength)
  // Not even encoded: the text would be longer still.
  checkLength(sizes.reduce((sum, size) => sum + size, 0))
  const encoded = encodeBytes(stdout)
  const text = JSON.stringify({
    exit_code: 0,
    ...('text' in encoded ? { stdout: encoded.text } : { stdout_base64: encoded.base64 }),
    files: contents?.map(([path, bytes]) => encodeResultFile(path, bytes))
  })
  checkLength(Buffer.byteLength(text))
  return text
}

/**
 * What is wanted of it beside its result.
 * @throws OutputOverflow, OutputMissing, UnfitName
 */
export function collectProduced(
  files: FileSystem,
  { fileBytesMax, wishes }: Pick<WasmRequest, 'fileBytesMax' | 'wishes'>
): Produced[] {
  const produced = wishes.flatMap((wish, output) =>
    [...collect(files, [wish])].map(([path, content]) => {
      const inner = path.slice(wish.length + 1)
      if (inner !== '') checkName(inner)
      return { output, path: inner, content }
    })
  )
  const bytes = produced.reduce((total, { content }) => total + content.byteLength, 0)
  // The same file may be wanted more than once.
  if (bytes > fileBytesMax || produced.length > LIMITS.taskFilesMax) throw new OutputOverflow()
  return produced
}

/** Path → content, in the order of the outputs, and of the names below each. */
function collect(files: FileSystem, outputs: string[]): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>()
  for (const output of outputs) {
    const waiting: [string, Node][] = [[output, nodeOf(files, output)]]
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const [path, node] = next
      if (node.kind === 'file') found.set(path, node.content)
      if (node.kind !== 'folder') continue
      const inner = [...node.entries].toSorted(([left], [right]) => (left < right ? 1 : -1))
      waiting.push(...inner.map(([name, child]): [string, Node] => [`${path}/${name}`, child]))
    }
  }
  return found
}

function nodeOf(files: FileSystem, path: string): Node {
  try {
    return files.find(files.root, path)
  } catch (cause) {
    if (cause instanceof FileError) throw new OutputMissing(path)
    throw cause
  }
}

/** @throws UnfitName */
function checkName(path: string): void {
  try {
    checkTaskPath(path, 'the name')
  } catch (cause) {
    throw new UnfitName(path, messageOf(cause))
  }
}

function checkLength(length: number): void {
  if (length > LIMITS.resultBytesMax) throw new OutputOverflow()
}
