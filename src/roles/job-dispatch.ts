/** The dispatcher of a router's job engine, and who hears what of each attempt and each job that it sees through. */
import { Dispatcher } from '../dispatch/dispatcher.ts'
import { isTerminal } from '../jobs/records.ts'
import { OutdoneWorkers } from './outdone-workers.ts'
import { ReceiptDesk } from '../dispatch/receipt-desk.ts'
import { SessionTaskLink } from './task-link.ts'
import { Stragglers } from '../dispatch/stragglers.ts'
import type { ActiveJob } from '../dispatch/active-job.ts'
import type { AttemptOutcome } from '../reputation/outcomes.ts'
import type { Directory } from '../discovery/directory.ts'
import type { FinishedItem } from '../dispatch/job-steps.ts'
import type { JobFiles } from './job-files.ts'
import type { JobGround } from './job-ground.ts'
import type { JobLogs } from '../dispatch/views/job-logs.ts'
import type { JobNews } from './job-news.ts'
import type { JobRecord } from '../jobs/records.ts'
import type { NodeCore } from './node-core.ts'
import type { ResultChecks } from '../dispatch/ports.ts'

export interface JobDispatch {
  dispatcher: Dispatcher
  stragglers: Stragglers
}

export interface JobDispatchParts extends JobGround {
  checks: ResultChecks
  jobFiles: JobFiles
  logs: JobLogs
  news: JobNews
  source: Directory
  onChanged: (job: JobRecord, finished?: FinishedItem) => void
  onEnded: (job: JobRecord) => void
}

export function createJobDispatch(core: NodeCore, parts: JobDispatchParts): JobDispatch {
  const { documents, idleReasons, jobFiles, news, nowMs, reputation, source } = parts
  const link = new SessionTaskLink(core)
  const onOutcome = (outcome: AttemptOutcome): void => {
    reputation.record(outcome)
    source.judged(outcome.workerId)
  }
  const outdone = new OutdoneWorkers(onOutcome, (peer) => reputation.of(peer).evidenceCount)
  const onChanged = (job: ActiveJob, finished?: FinishedItem): void => {
    if (finished !== undefined) {
      jobFiles.itemEnded(job, finished.item)
      outdone.itemEnded(job, finished.item)
    }
    if (job.hasEnded) documents.forget(job.record.id)
    const { shownRecord } = job
    parts.onChanged(shownRecord, finished)
    if (isTerminal(shownRecord.state)) parts.onEnded(shownRecord)
  }
  const dispatcher: Dispatcher = new Dispatcher({
    ...parts,
    link,
    preparation: jobFiles.preparation,
    sourcesOf: jobFiles.sourcesOf,
    orders: new ReceiptDesk({ ...parts, signer: core.signer }),
    taskText: (jobId, index) => documents.taskText(jobId, index),
    taskBytes: (jobId) => documents.taskBytes(jobId),
    onDecided: (selection) => {
      news.tally.decided(selection)
      idleReasons.note(selection, nowMs())
    },
    onWaited: (waitedMs) => news.waited(waitedMs),
    onOutcome,
    onAttempt: (attempt, item, isNewState) => {
      if (attempt.state === 'offered') stragglers.attemptBegan()
      if (isNewState) outdone.attemptChanged(attempt)
      news.attempt(attempt, item, isNewState)
      const job = attempt.logFile === null ? undefined : dispatcher.job(attempt.jobId)
      if (job !== undefined) jobFiles.attemptEnded(job, attempt)
    },
    onChanged
  })
  const stragglers: Stragglers = new Stragglers({ ...parts, dispatcher, link })
  return { dispatcher, stragglers }
}
