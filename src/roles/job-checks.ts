/** The checks of results, joined to what this router knows of its workers and to its own way of running jobs. */
import { compareByFunction } from './function-comparison.ts'
import { VotedChecks } from './result-checks.ts'
import type { Directory } from '../discovery/directory.ts'
import type { Dispatcher } from '../dispatch/dispatcher.ts'
import type { JobIntake } from '../dispatch/intake/job-intake.ts'
import type { JobReader } from '../dispatch/views/job-reader.ts'
import type { PeerTracker } from '../network/paths/peer-tracker.ts'
import type { Random } from '../core/random.ts'
import type { ReputationKeeper } from './reputation-keeper.ts'

export interface JobChecksParts {
  random: Random
  reputation: Pick<ReputationKeeper, 'of'>
  source: Pick<Directory, 'candidates' | 'labelsOf'>
  tracker: Pick<PeerTracker, 'addressesOf'>
  /** What is made after the checks, and runs jobs for them. */
  jobs: () => { dispatcher: Pick<Dispatcher, 'job'>; intake: JobIntake; reader: JobReader }
}

export function createJobChecks({
  jobs,
  random,
  reputation,
  source,
  tracker
}: JobChecksParts): VotedChecks {
  const candidates = source.candidates.bind(source)
  return new VotedChecks({
    random,
    candidates,
    standingOf: (workerId) => reputation.of(workerId),
    partyOf: (workerId) => ({
      workerId,
      owner: source.labelsOf(workerId)?.['owner'],
      addresses: tracker.addressesOf(workerId)
    }),
    areSame: async (question, options) => {
      const { dispatcher, intake, reader } = jobs()
      const comparison = {
        candidates,
        submitterOf: (jobId: string) => dispatcher.job(jobId)?.record.submitter,
        run: runJob(intake, reader)
      }
      return await compareByFunction(question, comparison, options)
    }
  })
}

function runJob(
  intake: JobIntake,
  reader: JobReader
): Parameters<typeof compareByFunction>[1]['run'] {
  return async (document, init, options) => {
    const accepted = await intake.accept(document, init)
    intake.begin(accepted)
    return await reader.wait(accepted.record.id, options)
  }
}
