/** A file from one process to another: our pieces against a bare libp2p stream and raw TLS, which only count bytes. */
import { join } from 'node:path'
import { BenchProcess } from './support/bench-process.ts'
import { makeCertificate } from './support/self-signed.ts'
import type { Bench, BenchOptions, Cell, Prepared } from './support/bench.ts'
import type { FileManifestDocument } from '../../src/model/generated/file-manifest.ts'
import type { FilesClientInit, TransferResult } from './files-client-process.ts'

const MIB = 2 ** 20
const SIZE_BYTES = { quick: 64 * MIB, full: 256 * MIB }
const DESIGNS = ['pieces', 'raw stream', 'raw tls'] as const
const VARIANT = 'one peer'

export const filesBench: Bench = {
  name: 'files',
  title: 'one file between two processes',
  notes: [
    'pieces: read from the disk, each checked by its hash, written to the disk and synced; in-flight bytes by',
    'the measured pace. raw stream: a libp2p stream (noise, yamux) with 256 KiB writes that wait for drain;',
    'raw tls: TLS 1.3 by node:tls. Both count the bytes and keep none.'
  ],
  columns: [
    { metric: 'mbPerSecond', title: 'MB/s', digits: 0 },
    { metric: 'clientCpu', title: 'client CPU s/GB', digits: 2 },
    { metric: 'serverCpu', title: 'server CPU s/GB', digits: 2 },
    { metric: 'clientMb', title: 'client MB', digits: 0 }
  ],
  primary: 'mbPerSecond',
  reference: 'raw stream',
  comparisons: [
    {
      label: 'pieces / raw stream',
      metric: 'mbPerSecond',
      variant: VARIANT,
      of: 'pieces',
      to: 'raw stream',
      goal: '>= .75x'
    },
    {
      label: 'pieces / raw tls',
      metric: 'mbPerSecond',
      variant: VARIANT,
      of: 'pieces',
      to: 'raw tls',
      goal: '>= .25x'
    }
  ],
  rounds: { quick: 3, full: 9 },
  warmUpRounds: 1,
  prepare
}

async function prepare(options: BenchOptions): Promise<Prepared> {
  const sizeBytes = options.isQuick ? SIZE_BYTES.quick : SIZE_BYTES.full
  const processes: BenchProcess[] = []
  const cells: Cell[] = []
  for (const design of DESIGNS) {
    /* oxlint-disable no-await-in-loop */
    const folder = join(options.home, design.replace(' ', '-'))
    const server = await BenchProcess.start(
      'files-server-process.ts',
      { folder: join(folder, 'server'), certificate: makeCertificate(), sizeBytes },
      options
    )
    const init: FilesClientInit = {
      design,
      address: await server.ask<string>('address'),
      port: await server.ask<number>('port'),
      manifest: await server.ask<FileManifestDocument>('manifest'),
      folder: join(folder, 'client')
    }
    const client = await BenchProcess.start('files-client-process.ts', init, options)
    processes.push(client, server)
    cells.push({ design, variant: VARIANT, measure: () => measure(client, server) })
    /* oxlint-enable no-await-in-loop */
  }
  const stop = async (): Promise<void> => {
    await Promise.all(processes.map((process) => process.stop()))
  }
  return { cells, skipped: [], stop }
}

async function measure(
  client: BenchProcess,
  server: BenchProcess
): Promise<Record<string, number>> {
  const before = await server.ask<number>('cpu')
  const { bytes, cpuUs, ms, rssBytes } = await client.ask<TransferResult>('transfer')
  const after = await server.ask<number>('cpu')
  const perGb = (us: number): number => us / 1e6 / (bytes / 1e9)
  return {
    mbPerSecond: bytes / 1e6 / (ms / 1_000),
    clientCpu: perGb(cpuUs),
    serverCpu: perGb(after - before),
    clientMb: rssBytes / 1e6
  }
}
