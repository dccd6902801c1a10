/** What the workers wrote down of the tasks that they began and ended, read from their folders. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readEntries } from '../../src/execution/leases/journal-entries.ts'
import type { CrashNode } from './crash-node.ts'
import type { JournalEntry } from '../../src/execution/leases/journal-entries.ts'

/** A line, and whose it is. */
export interface JournalLine extends JournalEntry {
  worker: string
}

/** The one that has grown too large is moved aside. */
const FILES = ['tasks.journal.1', 'tasks.journal']

export function readJournals(workers: readonly CrashNode[]): JournalLine[] {
  return workers.flatMap(({ folder, name }) =>
    FILES.map((file) => join(folder, file))
      .filter((path) => existsSync(path))
      .flatMap((path) => readEntries(readFileSync(path, 'utf8')))
      .map(({ entry }) => ({ ...entry, worker: name }))
  )
}
