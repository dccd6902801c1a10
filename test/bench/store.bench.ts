/** What the job store costs a router: the writes of whole jobs, so many at once. */
import { join } from 'node:path'
import { BenchProcess, measureLoad } from './support/bench-process.ts'
import type { Bench, BenchOptions, Cell, Prepared } from './support/bench.ts'
import type { StoreInit } from './store-process.ts'

const IN_FLIGHT = [1, 16, 64, 256]
const LOAD_MS = { quick: 200, full: 800 }
const DESIGNS: readonly StoreInit['kind'][] = ['memory', 'sqlite normal', 'sqlite full', 'file']

export const storeBench: Bench = {
  name: 'store',
  title: 'jobs written, three calls of eleven changes in all for each, so many jobs at once',
  notes: [
    'Each job waits for its first and its last write, as the router does; sqlite runs in a thread of its own.',
    'file: the same changes as JSON lines, appended and fdatasync-ed, one flush at a time: what the disk itself costs.',
    'process CPU: all threads.'
  ],
  columns: [
    { metric: 'perSecond', title: 'jobs/s', digits: 0 },
    { metric: 'p50Us', title: 'p50 us', digits: 0 },
    { metric: 'p99Us', title: 'p99 us', digits: 0 },
    { metric: 'clientCpuUs', title: 'process CPU us', digits: 1 }
  ],
  primary: 'perSecond',
  reference: 'file',
  comparisons: [],
  rounds: { quick: 3, full: 7 },
  warmUpRounds: 1,
  prepare
}

async function prepare(options: BenchOptions): Promise<Prepared> {
  const processes = new Map<string, BenchProcess>()
  for (const kind of DESIGNS) {
    const init: StoreInit = { kind, file: join(options.home, kind.replaceAll(' ', '-')) }
    processes.set(kind, await BenchProcess.start('store-process.ts', init, options))
  }
  const durationMs = options.isQuick ? LOAD_MS.quick : LOAD_MS.full
  const cells: Cell[] = IN_FLIGHT.flatMap((inFlight) =>
    [...processes].map(([design, process]) => ({
      design,
      variant: `${inFlight} at once`,
      measure: () => measureLoad(process, [], { inFlight, durationMs })
    }))
  )
  const stop = async (): Promise<void> => {
    await Promise.all([...processes.values()].map((process) => process.stop()))
  }
  return { cells, skipped: [], stop }
}
