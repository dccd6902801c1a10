/** What is left when a run is over: the routers' stores, the workers' journals, what the client was told. */
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { readJournals } from './journals.ts'
import type { Acknowledgement } from './submitter.ts'
import type { AttemptRecord, ItemRecord, JobRecord } from '../../src/jobs/records.ts'
import type { CrashMesh } from './crash-mesh.ts'
import type { JournalLine } from './journals.ts'
import type { LogEntry } from '../../src/model/generated/commands-execute-task.ts'
import type { PlannedJob } from './workload.ts'

export interface Evidence {
  planned: readonly PlannedJob[]
  acknowledged: readonly Acknowledgement[]
  jobs: readonly JobEvidence[]
  journal: readonly JournalLine[]
}

/** All that a router's store has of one job. */
export interface JobEvidence {
  router: string
  job: JobRecord
  items: ItemRecord[]
  attempts: AttemptRecord[]
  /** By item. */
  outputs: Map<number, unknown>
  /** By `item/attempt`. */
  logs: Map<string, string>
}

/** To be read once the nodes have stopped: a router keeps its store to itself. */
export function gatherEvidence(
  mesh: CrashMesh,
  run: Pick<Evidence, 'planned' | 'acknowledged'>
): Evidence {
  return {
    ...run,
    jobs: mesh.routers.flatMap(({ folder, name }) => readStore(name, join(folder, 'jobs.db'))),
    journal: readJournals(mesh.workers)
  }
}

function readStore(router: string, file: string): JobEvidence[] {
  const db = new DatabaseSync(file, { readOnly: true })
  try {
    const jobs = new Map<number, JobEvidence>()
    for (const row of db.prepare('SELECT seq, record FROM jobs').iterate()) {
      const job = JSON.parse(String(row['record'])) as JobRecord
      const empty = { items: [], attempts: [], outputs: new Map(), logs: new Map() }
      jobs.set(Number(row['seq']), { router, job, ...empty })
    }
    readRows(db, jobs)
    return [...jobs.values()]
  } finally {
    db.close()
  }
}

function readRows(db: DatabaseSync, jobs: ReadonlyMap<number, JobEvidence>): void {
  const each = (
    sql: string,
    take: (job: JobEvidence, row: Record<string, unknown>) => void
  ): void => {
    for (const row of db.prepare(sql).iterate()) {
      const job = jobs.get(Number(row['seq']))
      if (job !== undefined) take(job, row)
    }
  }
  each('SELECT seq, record FROM items ORDER BY seq, item_index', ({ items }, { record }) =>
    items.push(JSON.parse(String(record)) as ItemRecord)
  )
  each('SELECT seq, record FROM attempts ORDER BY seq, item_index, number', ({ attempts }, row) =>
    attempts.push(JSON.parse(String(row['record'])) as AttemptRecord)
  )
  each('SELECT seq, item_index, output FROM outputs', ({ outputs }, row) =>
    outputs.set(Number(row['item_index']), JSON.parse(String(row['output'])))
  )
  each('SELECT * FROM logs ORDER BY seq, item_index, attempt, first', ({ logs }, row) => {
    const key = `${String(row['item_index'])}/${String(row['attempt'])}`
    const entries = JSON.parse(String(row['entries'])) as LogEntry[]
    logs.set(key, (logs.get(key) ?? '') + entries.map(({ text }) => text).join(''))
  })
}
