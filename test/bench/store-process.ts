/** Process of store.bench: writes what a router writes in the life of a no-op job. */
import { open } from 'node:fs/promises'
import { MemoryJobStore } from '../../src/jobs/memory-store.ts'
import { SqliteJobStore } from '../../src/jobs/sqlite/store.ts'
import { answerParent, readInit } from './support/child.ts'
import { NOOP_JOB } from './support/bodies.ts'
import { runLoad } from './support/load.ts'

import {
  SAMPLE_DECISION,
  SAMPLE_WORKER,
  beginChanges,
  endChanges,
  submitChanges
} from './support/store-records.ts'
import type { JobStore, StoreChange } from '../../src/jobs/store.ts'
import type { LoadInit, LoadResult } from './support/load.ts'

export interface StoreInit {
  kind: 'memory' | 'sqlite normal' | 'sqlite full' | 'file'
  file: string
}

type Apply = (changes: readonly StoreChange[]) => Promise<void>

const { file, kind } = readInit() as StoreInit
const apply = kind === 'file' ? await openFile() : await openStore()
let nextJob = 1

async function openStore(): Promise<Apply> {
  const store: JobStore =
    kind === 'memory'
      ? new MemoryJobStore()
      : new SqliteJobStore({ file, sync: kind === 'sqlite full' ? 'full' : 'normal' })
  await store.start()
  return (changes) => store.apply(changes)
}

/** While one flush is under way, the next gathers. */
async function openFile(): Promise<Apply> {
  const handle = await open(file, 'a')
  let lines: string[] = []
  let waiting: Promise<void> | undefined
  let flushed: Promise<void> = Promise.resolve()
  const flush = async (): Promise<void> => {
    await flushed
    const text = lines.join('')
    lines = []
    waiting = undefined
    flushed = handle.appendFile(text).then(() => handle.datasync())
    await flushed
  }
  return (changes) => {
    for (const change of changes) lines.push(`${JSON.stringify(change)}\n`)
    waiting ??= flush()
    return waiting
  }
}

async function writeJob(): Promise<void> {
  const id = `j-${String(nextJob++).padStart(12, '0')}`
  await apply(submitChanges(id, JSON.stringify(NOOP_JOB)))
  const begun = apply(beginChanges(id, SAMPLE_WORKER, SAMPLE_DECISION))
  await apply(endChanges(id, SAMPLE_WORKER, 'null'))
  await begun
}

answerParent({ load: (init: LoadInit): Promise<LoadResult> => runLoad(init, writeJob) })
