/** What the command line says of a program's surroundings: its arguments, its variables, its stdin and its files. */
import { basename } from 'node:path'
import { isUtf8 } from 'node:buffer'
import { MeshError } from '../core/errors.ts'
import { readBinaryFile } from './local-files.ts'
import { flag } from './command.ts'
import { readPair } from '../config/read-option.ts'
import type { Args } from './args.ts'
import type { Flags } from './command.ts'
import type { Terminal } from './terminal.ts'
import type { WasmTask } from '../model/generated/job.ts'

export type ProgramInput = Pick<WasmTask, 'env' | 'stdin' | 'files' | 'outputs'>

export const PROGRAM_ARGS = {
  name: 'args',
  describe: 'arguments of a program, after --',
  isList: true,
  isOptional: true
} as const

export const PROGRAM_FLAGS: Flags = {
  env: flag('list', 'variable k=v (repeatable)'),
  stdin: flag('text', 'what it reads as stdin: text, @file, or - for this stdin'),
  file: flag('list', 'input file: LOCAL[:PATH], or PATH=text, PATH=@local (repeatable)'),
  returns: flag('list', 'file or folder that comes back (repeatable)')
}

/** A program's own place for a file. */
const PATH_FIRST = /^([^=]+)=([\s\S]*)$/

/** @throws MeshError FIELD_INVALID, FILE_NOT_FOUND */
export async function readProgramInput(
  args: Args,
  terminal: Pick<Terminal, 'readStdin'>
): Promise<ProgramInput> {
  const env = args.list('env').map((text) => readPair(text, '--env'))
  const stdin = args.text('stdin')
  const outputs = [...args.list('returns')]
  return {
    ...(env.length === 0 ? {} : { env: Object.fromEntries(env) }),
    ...(stdin === undefined ? {} : { stdin: await readStdin(stdin, terminal) }),
    ...readInputFiles(args),
    ...(outputs.length === 0 ? {} : { outputs })
  }
}

/** @throws MeshError FIELD_INVALID, FILE_NOT_FOUND */
export function readInputFiles(args: Args): Pick<ProgramInput, 'files'> {
  const files = args.list('file').map(readInputFile)
  return files.length === 0 ? {} : { files }
}

async function readStdin(text: string, terminal: Pick<Terminal, 'readStdin'>): Promise<string> {
  const bytes = text === '-' ? await terminal.readStdin() : readContent(text, '--stdin')
  // A text that begins like base64 would be taken for it.
  const isText = isUtf8(bytes) && !bytes.toString('latin1', 0, 7).startsWith('base64:')
  return isText ? bytes.toString() : `base64:${bytes.toString('base64')}`
}

function readInputFile(text: string): NonNullable<WasmTask['files']>[number] {
  const [, path, value] = PATH_FIRST.exec(text) ?? []
  if (path !== undefined && value !== undefined)
    return withBytes(path, readContent(value, '--file'))
  const [local = '', place = basename(local)] = text.split(':', 2)
  if (local !== '' && place !== '') return withBytes(place, readBinaryFile(local, '--file'))
  throw new MeshError('FIELD_INVALID', `"${text}" is not a file`, {
    path: '--file',
    hint: 'write LOCAL[:PATH], such as --file data.txt:in/data.txt'
  })
}

function withBytes(path: string, bytes: Buffer): NonNullable<WasmTask['files']>[number] {
  return isUtf8(bytes)
    ? { path, text: bytes.toString() }
    : { path, base64: bytes.toString('base64') }
}

/** A leading `@` names a file; `@@` is a text that begins with one. */
function readContent(text: string, flagName: string): Buffer {
  if (text.startsWith('@@')) return Buffer.from(text.slice(1))
  return text.startsWith('@') ? readBinaryFile(text.slice(1), flagName) : Buffer.from(text)
}
