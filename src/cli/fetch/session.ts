/** One run of a command that fetches files, put together: the workspace, the node that fetches, its progress, its end. */
import { networkKeyNamed, visitorOf } from '../mesh-visit.ts'
import { checkAddress } from '../../config/address.ts'
import { createLogger } from '../../observe/logger.ts'
import { FetchProgress } from './progress.ts'
import { findContacts } from './contacts.ts'
import { flag, setting } from '../command.ts'
import { Getter } from './getter.ts'
import { MeshError } from '../../core/errors.ts'
import { formatBytes, parseBytes } from '../../core/units.ts'
import { sayEnd } from './report.ts'
import { systemClock } from '../../core/clock.ts'
import { Tally } from './tally.ts'
import { Workspace } from './workspace.ts'
import type { Args } from '../args.ts'
import type { CommandContext, Flags } from '../command.ts'
import type { Contacts } from './contacts.ts'
import type { Fetcher } from '../../roles/fetcher.ts'
import type { GetterInit, Got, Wanted } from './getter.ts'
import type { PieceOrder } from '../../files/transfer/piece-picker.ts'

/** Of every command that fetches. */
export const FETCH_FLAGS: Flags = {
  output: flag('text', 'where to put it: a folder, the place itself, or - for stdout [.]'),
  force: flag('switch', 'replace what is there'),
  'limit-rate': flag('text', 'fetch no more than this a second, such as 5MiB'),
  peers: flag('text', 'fetch from no more than so many peers at once [32]'),
  timeout: flag('text', 'give up when nobody offers what is missing for so long [60s]'),
  namespace: setting('text', 'the mesh within the mesh to look in [that of the router here]'),
  verbose: {
    ...flag('switch', 'say of every peer what it gave, or why it was dropped'),
    alias: 'v'
  }
}

const TIMEOUT_DEFAULT_MS = 60_000

export interface FetchJob {
  /** Where the workspace is to be, and whose it is. */
  folder: string
  name: string
  /** For people. */
  title: string
  wanted: readonly Wanted[]
}

/** Fetches all of them, tells how it goes, and says what came of it. */
export async function fetchAll(context: CommandContext, job: FetchJob): Promise<Got[]> {
  const { args, terminal } = context
  const init = readWishes(args, terminal.signal)
  const contacts = await findContacts(args, { signal: terminal.signal })
  const workspace = await Workspace.open(job.folder, job.name)
  const tally = new Tally(systemClock)
  const peers = job.wanted.flatMap((one) => one.peers)
  const plan = { contacts, folder: workspace.library, title: job.title, peers }
  const connect = (): Promise<Fetcher> => openFetcher(context, plan)
  const getter = new Getter({ workspace, tally, contacts, connect }, init)
  const progress = new FetchProgress(job.title, tally, context)
  const startedAtMs = systemClock.monotonicMs()
  const got: Got[] = []
  try {
    // One after the other: each is fetched from all who have it.
    for (const wanted of job.wanted) got.push(await getter.get(wanted))
    progress.stop()
    sayEnd(context, { got, tally, tookMs: systemClock.monotonicMs() - startedAtMs })
  } catch (cause) {
    progress.stop()
    progress.sayLosses()
    const { bytes } = tally.sum()
    if (terminal.signal.aborted && bytes > 0) {
      context.output.note(`${formatBytes(bytes)} are kept: the same command goes on from there`)
    }
    throw cause
  } finally {
    await getter.stop()
    // Its files are released only now.
    if (got.length === job.wanted.length) await workspace.remove()
    else await workspace.removeIfEmpty()
  }
  return got
}

/** @throws MeshError FIELD_INVALID */
export function readWishes(args: Args, signal: AbortSignal): GetterInit {
  const peersMax = args.integer('peers', 1)
  const order = args.text('order') as PieceOrder | undefined
  return {
    signal,
    isForced: args.has('force'),
    fetch: {
      sourceTimeoutMs: args.durationMs('timeout') ?? TIMEOUT_DEFAULT_MS,
      ...(peersMax === undefined ? {} : { peersMax }),
      ...(order === undefined ? {} : { order })
    }
  }
}

export interface FetcherPlan {
  contacts: Contacts
  folder: string
  title: string
  /** Addresses of all that are named. */
  peers: readonly string[]
}

/** @throws MeshError FILE_UNAVAILABLE where there is nobody to ask; FILE_BUSY */
export async function openFetcher(
  { args, output, terminal }: CommandContext,
  { contacts, folder, peers, title }: FetcherPlan
): Promise<Fetcher> {
  const limitRateDown = readRate(args)
  for (const peer of peers) checkAddress(peer, 'link')
  if (peers.length === 0 && contacts.addresses.length === 0) {
    throw new MeshError(
      'FILE_UNAVAILABLE',
      'there is nobody to ask: no peer, bootstrap or router',
      {
        hint: 'take a link with peers, name a bootstrap with --bootstrap, or start a router here'
      }
    )
  }
  const level = args.has('verbose') && !output.isQuiet ? 'warn' : 'silent'
  // libp2p takes a while to load, and what is in place already needs none of it.
  const { startFetcher } = await import('../../roles/fetcher.ts')
  const visit = await visitorOf(args)
  const networkKeyFile = networkKeyNamed(args)
  const where = { ...contacts, contacts: contacts.addresses, folder }
  const init = { ...where, limitRateDown, networkKeyFile, visit }
  const fetcher = await startFetcher({ ...init, logger: createLogger({ level }) }).catch(
    (cause: unknown) => {
      throw toBusy(cause, title)
    }
  )
  const isAlone = contacts.addresses.length > 0 && !(await fetcher.arrive(terminal))
  if (isAlone) output.note(`nobody answers so far at ${contacts.addresses.join(', ')}`)
  return fetcher
}

function readRate(args: Args): number | undefined {
  const text = args.text('limit-rate')
  if (text === undefined) return undefined
  const bytes = parseBytes(text, args.sourceOf('limit-rate'))
  if (bytes > 0) return bytes
  throw new MeshError('FIELD_INVALID', 'a rate must be above zero', { path: '--limit-rate' })
}

function toBusy(cause: unknown, title: string): unknown {
  if (!(cause instanceof MeshError) || cause.code !== 'NODE_ALREADY_RUNNING') return cause
  return new MeshError('FILE_BUSY', `another taskmesh is fetching ${title} to the same place`, {
    hint: 'wait for it, or name another folder with -o',
    cause
  })
}
