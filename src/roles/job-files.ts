/** What the router's job engine has to do with files, put together: where they come from, and what tasks leave. */
import { join } from 'node:path'
import { fileHoldings, LibraryCopies } from './file-holdings.ts'
import { findSources } from '../dispatch/input-sources.ts'
import { ItemPreparation } from '../dispatch/item-preparation.ts'
import { LibraryTexts } from './file-texts.ts'
import { OutputCopies } from '../dispatch/output-copies.ts'
import { ResultCache } from '../dispatch/result-cache.ts'
import { WebLibrary } from '../files/web/web-library.ts'
import type { ActiveJob } from '../dispatch/active-job.ts'
import type { AttemptRecord, ItemRecord } from '../jobs/records.ts'
import type { DocumentCache } from '../dispatch/document-cache.ts'
import type { FileHoldings, FileTexts, WebFiles } from '../dispatch/ports.ts'
import type { FileSource } from '../model/generated/commands-execute-task.ts'
import type { JobStore } from '../jobs/store.ts'
import type { NodeCore } from './node-core.ts'
import type { RouterFiles } from './router-files.ts'
import type { RouterSettings } from '../config/settings.ts'
import type { Startable } from '../core/startable.ts'

export interface JobFiles {
  holdings: FileHoldings
  preparation: ItemPreparation
  texts: FileTexts
  web: WebFiles
  sourcesOf: (jobId: string, index: number) => Promise<FileSource[]>
  /** An item has ended, and that is stored; the job's document is still at hand. */
  itemEnded: (job: ActiveJob, item: ItemRecord) => void
  attemptEnded: (job: ActiveJob, attempt: AttemptRecord) => void
  before: readonly Startable[]
  after: readonly Startable[]
}

export interface JobFilesParts {
  /** Milliseconds since 1970 that never jump. */
  nowMs: () => number
  store: JobStore
  documents: DocumentCache
  files: RouterFiles
}

export function createJobFiles(
  core: NodeCore,
  { httpsInputs }: RouterSettings,
  { documents, files, nowMs, store }: JobFilesParts
): JobFiles {
  const ground = { ...core, documents, nowMs, store }
  const holdings = fileHoldings(files)
  const results = new ResultCache({ ...ground, holdings })
  const copies = new LibraryCopies(core.clock, files)
  const outputCopies = new OutputCopies({ ...ground, copies })
  const web = new WebLibrary(
    { ...core, library: files.library },
    { folder: join(core.folder.path, 'web'), reach: httpsInputs }
  )
  return {
    holdings,
    web,
    preparation: new ItemPreparation({ ...ground, holdings, results }),
    texts: new LibraryTexts(files),
    sourcesOf: async (jobId, index) =>
      await findSources(await documents.neededFiles(jobId, index), files.sources),
    itemEnded: (job, item) => {
      results.itemEnded(job, item)
      outputCopies.itemEnded(job, item)
    },
    attemptEnded: (job, attempt) => outputCopies.attemptEnded(job, attempt),
    before: [web],
    after: [outputCopies]
  }
}
