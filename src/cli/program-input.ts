/** What the command line says of a program's surroundings: its arguments, its variables, its stdin and its files. */
import { isUtf8 } from 'node:buffer'
import { MeshError } from '../core/errors.ts'
import { readBinaryFile } from './job-document.ts'
import { flag } from './command.ts'
import { readPair } from '../config/read-option.ts'
import type { Args } from './args.ts'
import type { Flags } from './command.ts'
import type { WasmTask } from '../model/generated/job.ts'

export type ProgramInput = Pick<WasmTask, 'args' | 'env' | 'stdin' | 'files' | 'outputs'>

export const PROGRAM_ARGS = {
  name: 'args',
  describe: 'arguments of a program, after --',
  isList: true,
  isOptional: true
} as const

export const PROGRAM_FLAGS: Flags = {
  env: flag('list', 'variable k=v of a program (repeatable)'),
  stdin: flag('text', 'what a program reads as stdin: text or @file'),
  file: flag('list', 'input file of a program: PATH=@file or PATH=text (repeatable)'),
  returns: flag('list', 'file or folder of a program that comes back (repeatable)')
}

const PAIR = /^([^=]+)=([\s\S]*)$/

/** @throws MeshError FIELD_INVALID, FILE_NOT_FOUND */
export function readProgramInput(args: Args): ProgramInput {
  const programArgs = [...args.positionalList(PROGRAM_ARGS.name)]
  const env = args.list('env').map((text) => readPair(text, '--env'))
  const stdin = args.text('stdin')
  const files = args.list('file').map(readFilePair)
  const outputs = [...args.list('returns')]
  return {
    ...(programArgs.length === 0 ? {} : { args: programArgs }),
    ...(env.length === 0 ? {} : { env: Object.fromEntries(env) }),
    ...(stdin === undefined ? {} : { stdin: readStdin(stdin) }),
    ...(files.length === 0 ? {} : { files }),
    ...(outputs.length === 0 ? {} : { outputs })
  }
}

function readStdin(text: string): string {
  const bytes = readContent(text, '--stdin')
  // A text that begins like base64 would be taken for it.
  const isText = isUtf8(bytes) && !bytes.toString('latin1', 0, 7).startsWith('base64:')
  return isText ? bytes.toString() : `base64:${bytes.toString('base64')}`
}

function readFilePair(pair: string): NonNullable<WasmTask['files']>[number] {
  const [, path, value] = PAIR.exec(pair) ?? []
  if (path === undefined || value === undefined) {
    throw new MeshError('FIELD_INVALID', `"${pair}" is not a file`, {
      path: '--file',
      hint: 'write PATH=@file, such as --file in/data.txt=@data.txt'
    })
  }
  const bytes = readContent(value, '--file')
  return isUtf8(bytes)
    ? { path, text: bytes.toString() }
    : { path, base64: bytes.toString('base64') }
}

/** A leading `@` names a file; `@@` is a text that begins with one. */
function readContent(text: string, flagName: string): Buffer {
  if (text.startsWith('@@')) return Buffer.from(text.slice(1))
  return text.startsWith('@') ? readBinaryFile(text.slice(1), flagName) : Buffer.from(text)
}
