/** One file from five processes at once: what each gives alone against all together, and what becomes of bad ones. */
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { BenchProcess } from './support/bench-process.ts'
import { makeCertificate } from './support/self-signed.ts'
import { writeRandomFile } from './support/random-file.ts'
import type { Bench, BenchOptions, Prepared, Sample } from './support/bench.ts'
import type { DownloadProgress } from '../../src/files/transfer/download.ts'
import type { FileManifestDocument } from '../../src/model/generated/file-manifest.ts'
import type { FilesClientInit } from './files-client-process.ts'
import type { FilesServerInit } from './files-server-process.ts'
import type { PeerShare } from '../../src/files/transfer/shares.ts'

const MIB = 2 ** 20
/** Together well below what one receiver takes. */
const RATES = [2, 4, 6, 8, 12].map((mib) => mib * MIB)
const UNEQUAL = 'unequal sources'
const BAD = 'bad sources'
/** Bursts count alike on both sides, as both have the same time. */
const WINDOW_MS = { quick: 3_000, full: 8_000 }
/** Well within the life of one receiver, so that the one that stalls is seen to be dropped. */
const STALL_MS = 600
const POLL_MS = 20

export const swarmBench: Bench = {
  name: 'swarm',
  title: 'one file from five processes',
  notes: [
    `unequal sources: limited to ${RATES.map((rate) => rate / MIB).join(', ')} MiB/s, in the same time, first one`,
    'after the other (their sum), then all at once; the limit is what one receiver takes, see files.',
    'bad sources: one is killed midway, one lies, one stalls, two are sound; the receiver is killed twice.',
    'whole: 1 where the file came whole and right. Who did what stands below.'
  ],
  columns: [
    { metric: 'mbPerSecond', title: 'MB/s', digits: 1 },
    { metric: 'whole', title: 'whole', digits: 0 },
    { metric: 'clientMb', title: 'client peak MB', digits: 0 }
  ],
  primary: 'mbPerSecond',
  reference: 'sum of each alone',
  comparisons: [
    {
      label: 'five at once / sum of each alone',
      metric: 'mbPerSecond',
      variant: UNEQUAL,
      of: 'five at once',
      to: 'sum of each alone',
      goal: '>= .9x'
    }
  ],
  rounds: { quick: 1, full: 5 },
  warmUpRounds: 0,
  prepare
}

const limited = (limitRateUp: number): Partial<FilesServerInit> => ({ limitRateUp })

interface Source {
  process: BenchProcess
  address: string
  manifest: FileManifestDocument
}

async function prepare(options: BenchOptions): Promise<Prepared> {
  const source = join(options.home, 'film.bin')
  const windowMs = options.isQuick ? WINDOW_MS.quick : WINDOW_MS.full
  const sum = RATES.reduce((left, right) => left + right, 0)
  // Not whole before the time is over, a burst and all.
  await writeRandomFile(source, Math.ceil((sum * (windowMs + 2_000)) / 1_000 / MIB) * MIB)
  const remarks: string[] = []
  const { home } = options
  const sources = await startSources({ source, home }, RATES.map(limited), options)
  const five = await startClient({ sources, home: join(home, 'five') }, options)
  const alone = await Promise.all(
    sources.map((each, index) =>
      startClient({ sources: [each], home: join(home, `alone-${index}`) }, options)
    )
  )
  const fetch = async (client: BenchProcess): Promise<number> =>
    (await client.ask<number>('fetchFor', windowMs)) / 1e6 / (windowMs / 1_000)
  const measureAlone = async (): Promise<Sample> => {
    let mbPerSecond = 0
    // oxlint-disable-next-line no-await-in-loop -- alone
    for (const client of alone) mbPerSecond += await fetch(client)
    return { mbPerSecond }
  }
  const measureFive = async (): Promise<Sample> => {
    const mbPerSecond = await fetch(five)
    return { mbPerSecond, clientMb: (await five.ask<number>('peakRss')) / 1e6 }
  }
  return {
    cells: [
      { variant: UNEQUAL, design: 'sum of each alone', measure: measureAlone },
      { variant: UNEQUAL, design: 'five at once', measure: measureFive },
      { variant: BAD, design: 'five at once', measure: () => measureBad(remarks, options) }
    ],
    skipped: [],
    remarks,
    stop: async () => {
      const processes = [five, ...alone, ...sources.map((each) => each.process)]
      await Promise.all(processes.map((process) => process.stop()))
    }
  }
}

const BAD_BYTES = { quick: 64 * MIB, full: 256 * MIB }
const CAST: readonly [string, Partial<FilesServerInit>][] = [
  ['sound', limited(8 * MIB)],
  ['sound and fast', limited(16 * MIB)],
  ['killed', limited(8 * MIB)],
  ['lies', { conduct: 'lies' }],
  ['stalls', { conduct: 'stalls' }]
]
const KILLED = 2
/** Of the file: the receiver is killed when so much has come. */
const KILLS = [0.4, 0.7]
/** The same, for the source; the first receiver sees it. */
const SOURCE_KILL = 0.2

/** All of them are new, as some are gone at the end. */
async function measureBad(remarks: string[], options: BenchOptions): Promise<Sample> {
  const home = mkdtempSync(join(options.home, 'bad-'))
  const source = join(home, 'film.bin')
  await writeRandomFile(source, options.isQuick ? BAD_BYTES.quick : BAD_BYTES.full)
  const inits = CAST.map(([, init]) => init)
  const sources = await startSources({ source, home }, inits, options)
  const left = sources.filter((_, index) => index !== KILLED)
  const tell = async (client: BenchProcess, what: string): Promise<void> => {
    const { bytes, peers } = await client.ask<DownloadProgress>('progress')
    remarks.push(`${what}, ${Math.round(bytes / MIB)} MiB there:`, ...peers.map(describe))
  }
  const describe = ({ bytes, peer, reason, state, wastedBytes }: PeerShare): string => {
    const index = sources.findIndex(({ address }) => address.endsWith(peer))
    const why = reason === undefined ? '' : `, ${reason}`
    const wasted = wastedBytes === 0 ? '' : `, ${(wastedBytes / MIB).toFixed(1)} MiB of no use`
    return `  ${CAST[index]?.[0]}: gave ${(bytes / MIB).toFixed(1)} MiB${wasted}, ${state}${why}`
  }
  const beganAtMs = performance.now()
  try {
    for (const [index, ratio] of KILLS.entries()) {
      /* oxlint-disable no-await-in-loop */
      const client = await startClient({ sources: index === 0 ? sources : left, home }, options)
      const ended = client.ask('fetchRest').catch(() => {})
      if (index === 0) {
        await comeTo(client, SOURCE_KILL)
        await sources[KILLED]?.process.kill()
      }
      await comeTo(client, ratio)
      await tell(client, `receiver ${index + 1}, about to be killed`)
      await client.kill()
      await ended
      /* oxlint-enable no-await-in-loop */
    }
    const client = await startClient({ sources: left, home }, options)
    try {
      await client.ask('fetchRest')
      const ms = performance.now() - beganAtMs
      await tell(client, `receiver ${KILLS.length + 1}`)
      const isWhole = await client.ask<boolean>('verify')
      const bytes = sources[0]?.manifest.size ?? 0
      const clientMb = (await client.ask<number>('peakRss')) / 1e6
      return { mbPerSecond: bytes / 1e6 / (ms / 1_000), whole: isWhole ? 1 : 0, clientMb }
    } finally {
      await client.stop()
    }
  } finally {
    await Promise.all(sources.map((each) => each.process.stop()))
  }
}

/** Until so much of the file has come. */
async function comeTo(client: BenchProcess, ratio: number): Promise<void> {
  for (;;) {
    /* oxlint-disable no-await-in-loop */
    const progress = await client.ask<DownloadProgress | null>('progress')
    if (progress !== null && progress.bytes >= ratio * (progress.sizeBytes ?? Infinity)) return
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    /* oxlint-enable no-await-in-loop */
  }
}

async function startSources(
  { home, source }: { home: string; source: string },
  inits: readonly Partial<FilesServerInit>[],
  options: BenchOptions
): Promise<Source[]> {
  const start = async (init: Partial<FilesServerInit>, index: number): Promise<Source> => {
    const whole: FilesServerInit = {
      folder: join(home, `server-${index}`),
      source,
      certificate: makeCertificate(),
      ...init
    }
    const process = await BenchProcess.start('files-server-process.ts', whole, options)
    return {
      process,
      address: await process.ask<string>('address'),
      manifest: await process.ask<FileManifestDocument>('manifest')
    }
  }
  return await Promise.all(inits.map(start))
}

async function startClient(
  { home, sources }: { home: string; sources: readonly Source[] },
  options: BenchOptions
): Promise<BenchProcess> {
  const [first] = sources
  if (first === undefined) throw new Error('there is no source')
  const init: FilesClientInit = {
    design: 'pieces',
    addresses: sources.map(({ address }) => address),
    port: 0,
    manifest: first.manifest,
    folder: join(home, 'client'),
    stallMs: STALL_MS
  }
  return await BenchProcess.start('files-client-process.ts', init, options)
}
