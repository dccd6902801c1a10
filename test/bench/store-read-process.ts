/** Process of restart.bench: reads once what a router reads when it starts, with nothing of the router. */
import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { answerParent, readInit } from './support/child.ts'

export interface StoreReadInit {
  file: string
  how: 'file' | 'rows'
}

const { file, how } = readInit() as StoreReadInit

/** @returns how long it took, in milliseconds */
function read(): number {
  const atMs = performance.now()
  if (how === 'file') readFileSync(file)
  else readRows()
  return performance.now() - atMs
}

function readRows(): void {
  const db = new DatabaseSync(file, { readOnly: true })
  const rows = db.prepare(
    "SELECT record FROM jobs WHERE state = 'queued' ORDER BY created_at_ms, id"
  )
  for (const { record } of rows.iterate()) JSON.parse(String(record))
  db.close()
}

answerParent({ read })
