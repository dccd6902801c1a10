/** `taskmesh files get`: fetches a file or a folder by its id or link, from all who have it at once. */
import { API_FLAGS, VISITOR_FLAGS, flag } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { FETCH_FLAGS, fetchAll } from '../fetch/session.ts'
import { connectToRouter } from '../router-connection.ts'
import { readFileId } from '../../model/file-id.ts'
import { readFileWord } from '../file-words.ts'
import { readTarget } from '../fetch/target.ts'
import { streamFile } from '../fetch/stream.ts'
import type { CliCommand, CommandContext } from '../command.ts'
import type { FileLink } from '../../model/file-link.ts'

/** Of an id, for people. */
const LETTERS = 19
const FIRST_DIGITS = /^(?:sha256:)?[0-9a-f]{4,63}$/

export const filesGetCommand: CliCommand = {
  words: 'files get',
  summary: 'fetch a file or a folder, from all who have it at once',
  positionals: [{ name: 'file', describe: 'id, its first digits (four at least), or link' }],
  flags: {
    ...FETCH_FLAGS,
    stdout: flag('switch', 'write it to stdout as it comes, as -o - does'),
    order: {
      ...flag('text', 'which pieces come first [rarest]'),
      choices: ['rarest', 'sequential']
    },
    ...VISITOR_FLAGS,
    ...API_FLAGS
  },
  examples: [
    ["taskmesh files get 'taskmesh:?xt=urn:sha256:…'", 'into this folder, under its own name'],
    ['taskmesh files get sha256:… -o data/ --limit-rate 5MiB', 'into a folder, at a moderate pace'],
    ['taskmesh files get sha256:… -o - | tar -x', 'as it comes']
  ],
  notes:
    'What was cut off, however, goes on where it stopped when the same command is started again. Each piece is checked as it comes.',
  run: async (context) => {
    const { args } = context
    const { id, name, peers } = await readFile(context)
    const title = name ?? id.slice(0, LETTERS)
    const output = args.text('output')
    if (args.has('stdout') || output === '-') {
      await streamFile(context, title, { id, peers })
      return EXIT.completed
    }
    const target = await readTarget(output, name)
    await fetchAll(context, {
      folder: target.folder,
      name: id,
      title: target.name ?? title,
      wanted: [{ id, peers, target }]
    })
    return EXIT.completed
  }
}

/** A whole id and a link need no router; the first digits of an id are its to complete. */
async function readFile({ args, terminal }: CommandContext): Promise<FileLink> {
  const word = readFileWord(args.positional('file'))
  if (!FIRST_DIGITS.test(word.id)) return { ...word, id: readFileId(word.id, 'file') }
  const { id } = await connectToRouter(args).file(word.id, { signal: terminal.signal })
  return { ...word, id }
}
