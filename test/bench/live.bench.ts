/** What it costs a router that somebody watches its dashboard. */
import { BenchProcess } from './support/bench-process.ts'
import type { Bench, BenchOptions, Prepared, Sample } from './support/bench.ts'
import type { LiveQuestion } from './live-process.ts'

const SECONDS = { quick: 10, full: 30 }

const DESIGNS: Record<string, Omit<LiveQuestion, 'seconds' | 'workers'>> = {
  'nobody watches': { readers: 0, jobChangesPerSecond: 2_000 },
  'one reader': { readers: 1, jobChangesPerSecond: 2_000 },
  'fifty readers': { readers: 50, jobChangesPerSecond: 2_000 }
}

export const liveBench: Bench = {
  name: 'live',
  title: 'the live stream of the dashboard, with 2,000 jobs a second that change',
  notes: ['A fifth of the workers says every second how it does. Writing to sockets is left out.'],
  columns: [
    { metric: 'cpuMsPerSecond', title: 'CPU ms/s', digits: 2 },
    { metric: 'kilobytesPerSecond', title: 'kB/s each', digits: 0 }
  ],
  primary: 'cpuMsPerSecond',
  reference: 'nobody watches',
  comparisons: [],
  rounds: { quick: 3, full: 7 },
  warmUpRounds: 1,
  prepare
}

async function prepare(options: BenchOptions): Promise<Prepared> {
  const process = await BenchProcess.start('live-process.ts', {}, options)
  const seconds = options.isQuick ? SECONDS.quick : SECONDS.full
  const cells = [100, 1_000].flatMap((workers) =>
    Object.entries(DESIGNS).map(([design, rest]) => {
      const question: LiveQuestion = { ...rest, workers, seconds }
      const measure = (): Promise<Sample> => process.ask<Sample>('measure', question)
      return { design, variant: `${workers} workers`, measure }
    })
  )
  return { cells, skipped: [], stop: () => process.stop() }
}
