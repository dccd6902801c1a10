/** `taskmesh files pin`, `unpin`, `verify` and `rm`: what becomes of the router's copies. */
import { printable } from '../../core/plain-text.ts'
import { API_FLAGS, flag } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { BytesProgress } from '../upload/progress.ts'
import { FILE_COLUMNS } from '../columns.ts'
import { FILE_IDS, readFileWord } from '../file-words.ts'
import { MeshError } from '../../core/errors.ts'
import { connectToRouter } from '../router-connection.ts'
import { sleepAwake } from '../../client/api-backoff.ts'
import { systemClock } from '../../core/clock.ts'
import type { ApiClient } from '../../client/api-client.ts'
import type { CliCommand, CommandContext } from '../command.ts'
import type { FileFetchRequest } from '../../model/generated/api-file-fetch.ts'
import type { FilePinRequest } from '../../model/generated/api-file-pin.ts'
import type { FileView } from '../../model/generated/api-file.ts'

const POLL_MS = 500

export const filesPinCommand: CliCommand = {
  words: 'files pin',
  summary: 'have the router keep files, and fetch those that it has not',
  positionals: [FILE_IDS],
  flags: {
    until: flag('text', 'until then: 30d, or 2027-12-24T18:00:00Z [until unpinned]'),
    ...API_FLAGS
  },
  examples: [['taskmesh files pin db0a5753ac26 --until 30d', 'for a while']],
  notes: 'Of a folder, all that is in it.',
  run: async (context) => {
    const until = context.args.text('until')
    const request = until === undefined ? {} : { until }
    return await showEach(context, (client, word) => pin(client, word, request, context))
  }
}

export const filesUnpinCommand: CliCommand = {
  words: 'files unpin',
  summary: 'let files go at the router when it needs the room',
  positionals: [FILE_IDS],
  flags: API_FLAGS,
  examples: [['taskmesh files unpin db0a5753ac26', 'it stays while there is room']],
  run: async (context) => {
    const { signal } = context.terminal
    return await showEach(context, (client, word) =>
      client.unpinFile(readFileWord(word).id, { signal })
    )
  }
}

export const filesVerifyCommand: CliCommand = {
  words: 'files verify',
  summary: 'read the router’s copies anew; a damaged one is no longer offered',
  positionals: [FILE_IDS],
  flags: API_FLAGS,
  examples: [['taskmesh files verify db0a5753ac26', 'exit 1 where one is damaged']],
  run: async (context) => {
    const { args, output, terminal } = context
    const client = connectToRouter(args)
    const checks = []
    for (const word of args.positionalList(FILE_IDS.name)) {
      const progress = new BytesProgress(printable(word.slice(0, 20)), context)
      try {
        // One after the other: the disk is the same.
        // oxlint-disable-next-line no-await-in-loop
        const check = await client.verifyFile(readFileWord(word).id, {
          signal: terminal.signal,
          onProgress: ({ bytes, size }) =>
            progress.set({ bytes, totalBytes: size, bytesPerSecond: 0 })
        })
        checks.push(check)
      } finally {
        progress.stop()
      }
    }
    const columns = [
      { title: 'id', text: ({ id }: { id: string }) => id },
      { title: 'outcome', text: ({ outcome }: { outcome: string }) => outcome }
    ]
    output.rows(checks, columns, '')
    const isRight = checks.every(({ outcome }) => outcome === 'right')
    return isRight ? EXIT.completed : EXIT.error
  }
}

export const filesRmCommand: CliCommand = {
  words: 'files rm',
  summary: 'delete the router’s copies; others who have the files keep theirs',
  positionals: [FILE_IDS],
  flags: API_FLAGS,
  examples: [['taskmesh files rm db0a5753ac26', 'others may still offer it']],
  notes: 'Of a folder, its list goes, and what is in it stays only while there is room.',
  run: async ({ args, output, terminal }) => {
    const client = connectToRouter(args)
    for (const word of args.positionalList(FILE_IDS.name)) {
      const { id } = readFileWord(word)
      // In their order, so that the first that can't be removed says so before others are.
      // oxlint-disable-next-line no-await-in-loop
      await client.removeFile(id, { signal: terminal.signal })
      output.note(`removed ${printable(id)}`)
    }
    if (output.isForPrograms) {
      output.record({ removed: args.positionalList(FILE_IDS.name).length })
    }
    return EXIT.completed
  }
}

async function showEach(
  { args, output }: CommandContext,
  act: (client: ApiClient, word: string) => Promise<FileView>
): Promise<number> {
  const client = connectToRouter(args)
  const files: FileView[] = []
  for (const word of args.positionalList(FILE_IDS.name)) {
    // oxlint-disable-next-line no-await-in-loop -- in their order
    files.push(await act(client, word))
  }
  output.rows(files, FILE_COLUMNS, '')
  return EXIT.completed
}

/** One that the router has not is fetched first. */
async function pin(
  client: ApiClient,
  word: string,
  request: FilePinRequest,
  context: CommandContext
): Promise<FileView> {
  const { id, name, peers } = readFileWord(word)
  const { signal } = context.terminal
  try {
    return await client.pinFile(id, request, { signal })
  } catch (cause) {
    if (MeshError.from(cause).code !== 'FILE_NOT_FOUND') throw cause
    const called = name === undefined ? {} : { name }
    return await fetch(client, id, { ...request, ...called, peers, pin: true }, context)
  }
}

/** Until it is there, or cannot be had. */
async function fetch(
  client: ApiClient,
  id: string,
  request: FileFetchRequest,
  context: CommandContext
): Promise<FileView> {
  const { signal } = context.terminal
  const progress = new BytesProgress(`fetching ${printable(id.slice(0, 19))}`, context)
  try {
    let file = await client.fetchFile(id, request, { signal })
    while (file.progress !== undefined) {
      const { bytes, bytes_per_second: bytesPerSecond = 0, error, size: totalBytes } = file.progress
      if (error !== undefined) throw MeshError.fromData(error as { message: string })
      progress.set({ bytes, bytesPerSecond, totalBytes })
      // Each look waits for the one before it.
      /* oxlint-disable no-await-in-loop */
      await sleepAwake(systemClock, POLL_MS, { signal })
      file = await client.file(file.id, { signal })
      /* oxlint-enable no-await-in-loop */
    }
    return file
  } finally {
    progress.stop()
  }
}
