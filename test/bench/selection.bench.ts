/** What it costs a router to choose a worker, with and without the record that explains it. */
import { BenchProcess } from './support/bench-process.ts'
import type { Bench, BenchOptions, Prepared, Sample } from './support/bench.ts'
import type { SelectionQuestion } from './selection-process.ts'

const WORKERS = [3, 100, 1_000]
const LOAD_MS = { quick: 150, full: 500 }

export const selectionBench: Bench = {
  name: 'selection',
  title: 'choosing a worker, in microseconds of one thread',
  notes: [
    'pick: rules, room, cost and draw. pick and explain: the same with the decision record as JSON text.',
    'sum: one pass that adds up six figures of each worker: no selection that looks at all can cost less.'
  ],
  columns: [
    { metric: 'us', title: 'us', digits: 2 },
    { metric: 'usPerWorker', title: 'us/worker', digits: 3 }
  ],
  primary: 'us',
  reference: 'sum',
  comparisons: [],
  rounds: { quick: 5, full: 9 },
  warmUpRounds: 1,
  prepare
}

async function prepare(options: BenchOptions): Promise<Prepared> {
  const process = await BenchProcess.start('selection-process.ts', {}, options)
  const durationMs = options.isQuick ? LOAD_MS.quick : LOAD_MS.full
  const cells = WORKERS.flatMap((workers) =>
    (['sum', 'pick', 'pick and explain'] as const).map((design) => {
      const question: SelectionQuestion = { design, workers, durationMs }
      const measure = (): Promise<Sample> => process.ask<Sample>('measure', question)
      return { design, variant: `${workers} workers`, measure }
    })
  )
  return { cells, skipped: [], stop: () => process.stop() }
}
