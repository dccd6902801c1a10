/** `taskmesh files keep`: has workers keep a file until a date, wherever it is now. */
import { API_FLAGS, flag } from '../command.ts'
import { MeshError } from '../../core/errors.ts'
import { checkDocument } from '../job-document.ts'
import { connectToRouter } from '../router-connection.ts'
import { exitCodeLines } from '../exit-codes.ts'
import { isFileLink } from '../../model/file-link.ts'
import { localFile } from '../local-files.ts'
import { parseUntil } from '../../core/moment.ts'
import { RUN_FLAGS, runJob } from '../run-job.ts'
import { systemClock } from '../../core/clock.ts'
import { toMeshUri } from '../../model/input-uri.ts'
import type { CliCommand, CommandContext, Flags } from '../command.ts'

const { detach, 'id-only': idOnly, key, share, 'wait-timeout': waitTimeout } = RUN_FLAGS

const KEEP_FLAGS = {
  copies: flag('text', 'how many workers are to have it [2]'),
  until: flag('text', 'until when: 30d, or 2027-12-24T18:00:00Z'),
  name: flag('text', 'name of the job'),
  detach,
  'id-only': idOnly,
  'wait-timeout': waitTimeout,
  key,
  share
} as Flags

/** An id, or its first digits; anything else is a path. */
const ID_WORD = /^(?:sha256:)?[0-9a-f]{4,64}$/i

export const filesKeepCommand: CliCommand = {
  words: 'files keep',
  summary: 'have workers keep a file or folder until a date; copies that are lost are replaced',
  positionals: [
    {
      name: 'file',
      describe: 'id, its first digits (four at least), link, or path of this machine'
    }
  ],
  flags: { ...KEEP_FLAGS, ...API_FLAGS },
  examples: [
    ['taskmesh files keep photos --copies 3 --until 365d', 'a folder of this machine, for a year'],
    ['taskmesh files keep db0a5753ac26 --until 2027-12-24T18:00:00Z', 'a file of the mesh']
  ],
  notes: [
    'Done once all copies are there; then the router sees to it that they stay so many. Of a path that looks like an id, write ./ before it.',
    exitCodeLines('Exit codes:')
  ].join('\n\n'),
  run: async (context) => {
    const { args } = context
    const name = args.text('name')
    const copies = args.integer('copies', 1)
    const task = {
      engine: 'storage',
      file: await fileOf(args.positional('file'), context),
      until: untilOf(args.text('until')),
      ...(copies === undefined ? {} : { copies })
    }
    const document = { ...(name === undefined ? {} : { name }), task }
    return await runJob(checkDocument(document), context)
  }
}

/** @throws MeshError FILE_NOT_FOUND, ID_AMBIGUOUS */
async function fileOf(word: string, { args, terminal }: CommandContext): Promise<string> {
  if (isFileLink(word)) return word
  if (!ID_WORD.test(word)) return localFile(word, 'file')
  const { id } = await connectToRouter(args).file(word, { signal: terminal.signal })
  return toMeshUri(id)
}

/** @throws MeshError FIELD_MISSING, FIELD_INVALID */
function untilOf(text: string | undefined): string {
  if (text === undefined) {
    throw new MeshError('FIELD_MISSING', 'say until when it is to be kept', {
      path: '--until',
      hint: 'such as --until 30d, or --until 2027-12-24T18:00:00Z'
    })
  }
  return new Date(parseUntil(text, '--until', systemClock.wallMs())).toISOString()
}
