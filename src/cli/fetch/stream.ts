/**
 * A file on its way to stdout, from its first byte on, while it is fetched. It gathers in a passing folder: who reads
 * slowly makes it wait on the disk, not in memory.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MeshError } from '../../core/errors.ts'
import { explainFailure } from './failure.ts'
import { FetchProgress } from './progress.ts'
import { findContacts } from './contacts.ts'
import { beginsLikeFolder, folderContents } from '../../files/service/folder-contents.ts'
import { openFetcher, readWishes } from './session.ts'
import { readInOrder } from '../../files/transfer/read-in-order.ts'
import { sayEnd } from './report.ts'
import { systemClock } from '../../core/clock.ts'
import { Tally } from './tally.ts'
import { unlessAborted } from '../../core/abort.ts'
import type { BegunFetch, Fetcher } from '../../roles/fetcher.ts'
import type { CommandContext } from '../command.ts'
import type { FileLibrary } from '../../files/store/library.ts'
import type { Wanted } from './getter.ts'

export async function streamFile(
  context: CommandContext,
  title: string,
  { id, peers }: Omit<Wanted, 'target'>
): Promise<void> {
  const { args, terminal } = context
  const { signal } = terminal
  const { fetch } = readWishes(args, signal)
  const contacts = await findContacts(args, { signal })
  const folder = await mkdtemp(join(tmpdir(), 'taskmesh-'))
  // The process also ends when nobody reads any more.
  const forget = (): void => rmSync(folder, { recursive: true, force: true })
  process.once('exit', forget)
  const tally = new Tally(systemClock)
  const progress = new FetchProgress(title, tally, context)
  const startedAtMs = systemClock.monotonicMs()
  let fetcher: Fetcher | undefined
  try {
    fetcher = await openFetcher(context, { contacts, folder, title, peers })
    const known = await fetcher.meet(peers, { signal })
    const wishes = { ...fetch, order: 'sequential', peers: known } as const
    const begun = fetcher.begin(id, wishes, { signal })
    const whole = tally.follow(begun.download, begun.entry)
    whole.catch(() => {})
    await pour(context, fetcher.library, begun)
    await whole
    progress.stop()
    sayEnd(context, { got: [], tally, tookMs: systemClock.monotonicMs() - startedAtMs }, true)
  } catch (cause) {
    throw explainFailure(cause, { addresses: peers, contacts, tally })
  } finally {
    progress.stop()
    await fetcher?.stop()
    await rm(folder, { recursive: true, force: true })
    process.off('exit', forget)
  }
}

async function pour(
  { terminal }: CommandContext,
  library: FileLibrary,
  { download, entry }: BegunFetch
): Promise<void> {
  const { signal, stdout } = terminal
  if (download === undefined) return void (await entry)
  let isFirst = true
  for await (const piece of readInOrder(download, library)) {
    if (isFirst && beginsLikeFolder(piece)) await refuseFolder(library, entry)
    isFirst = false
    stdout.write(piece)
    await unlessAborted(stdout.drained(), { signal })
  }
}

/** The list is for programs; people want what is in it. */
async function refuseFolder(library: FileLibrary, entry: BegunFetch['entry']): Promise<void> {
  const { id } = await entry
  if ((await folderContents(library, id)) === undefined) return
  throw new MeshError('FIELD_INVALID', 'it is a folder, and stdout takes one file', {
    path: '--output',
    hint: 'name a place for it with -o DIR'
  })
}
