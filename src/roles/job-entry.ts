/** How jobs come into a router's job engine: at the door, in the waiting room, and what is asked of them there. */
import { Admission } from '../dispatch/intake/admission.ts'
import { JobControl } from '../dispatch/intake/job-control.ts'
import { JobExecution } from '../dispatch/intake/job-execution.ts'
import { JobIntake } from '../dispatch/intake/job-intake.ts'
import { JobLauncher } from '../dispatch/intake/job-launcher.ts'
import { PendingJobs } from '../dispatch/intake/pending-jobs.ts'
import { Schedules } from '../dispatch/intake/schedules.ts'
import { TaskNews } from '../dispatch/task-news.ts'
import type { Directory } from '../discovery/directory.ts'
import type { Dispatcher } from '../dispatch/dispatcher.ts'
import type { FileHoldings, FileTexts, WebFiles } from '../dispatch/ports.ts'
import type { JobGround } from './job-ground.ts'
import type { JobLogs } from '../dispatch/views/job-logs.ts'
import type { JobReader } from '../dispatch/views/job-reader.ts'
import type { JobRecord } from '../jobs/records.ts'
import type { RouterSettings } from '../config/settings.ts'

export interface JobEntry {
  admission: Admission
  control: JobControl
  execution: JobExecution
  intake: JobIntake
  pending: PendingJobs
  taskNews: TaskNews
}

export interface JobEntryParts extends JobGround {
  dispatcher: Dispatcher
  holdings: FileHoldings
  logs: JobLogs
  reader: JobReader
  source: Directory
  texts: FileTexts
  web: WebFiles
  onNew: (job: JobRecord) => void
  onChanged: (job: JobRecord) => void
}

export function createJobEntry({ queuedItemsMax }: RouterSettings, parts: JobEntryParts): JobEntry {
  const { dispatcher } = parts
  const countOpen = (): number => {
    const { held, queued, running } = dispatcher.counts()
    return held + queued + running + pending.countItems()
  }
  const admission = new Admission({ ...parts, countOpen }, { queuedItemsMax })
  const launcher = new JobLauncher(parts)
  const schedules = new Schedules({ ...parts, admission, launcher })
  const pending: PendingJobs = new PendingJobs({ ...parts, launcher, schedules })
  const intake = new JobIntake({ ...parts, admission, launcher, pending })
  return {
    admission,
    intake,
    pending,
    control: new JobControl({ ...parts, pending }),
    execution: new JobExecution({ ...parts, intake, find: pending.find.bind(pending) }),
    taskNews: new TaskNews({ ...parts, intake })
  }
}
