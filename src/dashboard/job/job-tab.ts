/** What each tab of a job's page is given. */
import type { JobView } from '../../model/generated/api-job.ts'

export interface JobTabProps {
  job: JobView
  /** Another number when something of the job has changed. */
  version: number
}
