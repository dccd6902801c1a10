/**
 * A file from one process to another: our pieces against a bare libp2p stream and raw TLS, which only count
 * bytes, and against what a user would use instead.
 */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { BenchProcess } from './support/bench-process.ts'
import { makeCertificate } from './support/self-signed.ts'
import { missingAria2, startAria2 } from './support/aria2.ts'
import { writeRandomFile } from './support/random-file.ts'
import type { Bench, BenchOptions, Cell, Prepared, Sample } from './support/bench.ts'
import type { FileManifestDocument } from '../../src/model/generated/file-manifest.ts'
import type { FilesClientInit, TransferResult } from './files-client-process.ts'
import type { FilesServerInit } from './files-server-process.ts'

const MIB = 2 ** 20
const SIZES = { quick: [32 * MIB, 128 * MIB], full: [256 * MIB, 1_024 * MIB] }
const DESIGNS = ['pieces', 'pieces, on disk', 'raw stream', 'raw stream, swept', 'raw tls'] as const
/** Where Linux keeps files in memory, for what is not to measure the disk. */
const MEMORY_FOLDER = '/dev/shm'
const VARIANTS = ['a small file', 'a large file'] as const

export const filesBench: Bench = {
  name: 'files',
  title: 'one file between two processes',
  notes: [
    'small and large: 32 and 128 MiB (--quick), or 256 MiB and 1 GiB. pieces: read from a file, each checked',
    'by its SHA-256, written to a file and synced, both files in memory; on disk: the same on this disk, which',
    'then has to keep up with every 8 MiB before it is written down. raw stream: a libp2p stream',
    '(noise, yamux, batched encryption as in pieces) in writes that wait for drain; swept: with the sweeps of',
    'the new space that pieces make (files/exchange/passing-bytes.ts). raw tls: TLS 1.3 by node:tls, AES where',
    'noise has ChaCha20. The raw ones count the bytes and keep none. aria2: a BitTorrent swarm of one seeder',
    'on loopback, bare TCP, pieces checked by SHA-1, written and not synced.'
  ],
  columns: [
    { metric: 'mbPerSecond', title: 'MB/s', digits: 0 },
    { metric: 'clientCpu', title: 'client CPU s/GB', digits: 2 },
    { metric: 'serverCpu', title: 'server CPU s/GB', digits: 2 },
    { metric: 'clientMb', title: 'client peak MB', digits: 0 },
    { metric: 'serverMb', title: 'server peak MB', digits: 0 }
  ],
  primary: 'mbPerSecond',
  reference: 'raw stream',
  comparisons: VARIANTS.flatMap((variant) =>
    (
      [
        ['raw stream', '>= .6x, with the hash'],
        ['raw stream, swept', undefined],
        ['raw tls', '>= .25x'],
        ['aria2', undefined]
      ] as const
    ).map(([to, goal]) => ({
      label: `${to === 'aria2' ? 'pieces, on disk' : 'pieces'} / ${to}, ${variant}`,
      metric: 'mbPerSecond',
      variant,
      of: to === 'aria2' ? 'pieces, on disk' : 'pieces',
      to,
      ...(goal === undefined ? {} : { goal })
    }))
  ),
  rounds: { quick: 3, full: 5 },
  warmUpRounds: 1,
  prepare
}

async function prepare(options: BenchOptions): Promise<Prepared> {
  const stops: (() => Promise<void>)[] = []
  const cells: Cell[] = []
  const missing = missingAria2()
  const sizes = options.isQuick ? SIZES.quick : SIZES.full
  for (const [index, variant] of VARIANTS.entries()) {
    /* oxlint-disable no-await-in-loop */
    const folder = join(options.home, variant.replaceAll(' ', '-'))
    const source = join(folder, 'film.bin')
    mkdirSync(folder)
    await writeRandomFile(source, sizes[index] ?? MIB)
    const inMemory = mkdtempSync(join(memoryFolder(options), 'taskmesh-bench-'))
    stops.push(async () => rmSync(inMemory, { recursive: true }))
    copyFileSync(source, join(inMemory, 'film.bin'))
    for (const design of DESIGNS) {
      const place = design === 'pieces' ? inMemory : folder
      const init = {
        home: join(place, design.replaceAll(/\W+/g, '-')),
        source: join(place, 'film.bin')
      }
      const pair = await startPair(design, init, options)
      stops.unshift(pair.stop)
      cells.push({ design, variant, measure: pair.measure })
    }
    if (missing === undefined) {
      const aria2 = await startAria2(source, join(folder, 'aria2'))
      stops.push(aria2.stop)
      cells.push({ design: 'aria2', variant, measure: aria2.measure })
    }
    /* oxlint-enable no-await-in-loop */
  }
  const stop = async (): Promise<void> => {
    // What lies in memory goes last.
    // oxlint-disable-next-line no-await-in-loop
    for (const each of stops) await each()
  }
  return {
    cells,
    skipped: missing === undefined ? [] : [{ what: 'aria2', why: missing }],
    stop
  }
}

/** The bench's own folder where there is no such place. */
function memoryFolder({ home }: BenchOptions): string {
  return existsSync(MEMORY_FOLDER) ? MEMORY_FOLDER : home
}

async function startPair(
  design: (typeof DESIGNS)[number],
  { home, source }: { home: string; source: string },
  options: BenchOptions
): Promise<{ measure: () => Promise<Sample>; stop: () => Promise<void> }> {
  const giving: FilesServerInit = {
    folder: join(home, 'server'),
    source,
    certificate: makeCertificate(),
    isSwept: design === 'raw stream, swept'
  }
  const server = await BenchProcess.start('files-server-process.ts', giving, options)
  const fetching: FilesClientInit = {
    design: design === 'pieces, on disk' ? 'pieces' : design,
    addresses: [await server.ask<string>('address')],
    port: await server.ask<number>('port'),
    manifest: await server.ask<FileManifestDocument>('manifest'),
    folder: join(home, 'client')
  }
  const client = await BenchProcess.start('files-client-process.ts', fetching, options)
  const stop = async (): Promise<void> => {
    await Promise.all([client.stop(), server.stop()])
  }
  return { measure: () => measure(client, server), stop }
}

async function measure(client: BenchProcess, server: BenchProcess): Promise<Sample> {
  const before = await server.ask<number>('cpu')
  const { bytes, cpuUs, ms } = await client.ask<TransferResult>('transfer')
  const after = await server.ask<number>('cpu')
  const perGb = (us: number): number => us / 1e6 / (bytes / 1e9)
  return {
    mbPerSecond: bytes / 1e6 / (ms / 1_000),
    clientCpu: perGb(cpuUs),
    serverCpu: perGb(after - before),
    clientMb: (await client.ask<number>('peakRss')) / 1e6,
    serverMb: (await server.ask<number>('peakRss')) / 1e6
  }
}
