/** The keeper of what storage jobs have placed, joined to what this router knows of files, workers and jobs. */
import { StorageKeeper } from '../dispatch/storage-keeper.ts'
import type { Clock } from '../core/clock.ts'
import type { Directory } from '../discovery/directory.ts'
import type { JobIntake } from '../dispatch/intake/job-intake.ts'
import type { JobStore } from '../jobs/store.ts'
import type { Logger } from '../observe/logger.ts'
import type { Random } from '../core/random.ts'
import type { RouterFiles } from './router-files.ts'
import type { RouterSettings } from '../config/settings.ts'

export interface StorageJobsParts {
  clock: Clock
  logger: Logger
  random: Random
  nowMs: () => number
  store: JobStore
  files: Pick<RouterFiles, 'catalogue'>
  intake: JobIntake
  source: Pick<Directory, 'isAway'>
}

export function createStorageKeeper(
  { storageGraceMs: graceMs }: RouterSettings,
  { files: { catalogue }, intake, source, ...parts }: StorageJobsParts
): StorageKeeper {
  return new StorageKeeper(
    {
      ...parts,
      // The catalogue remembers for a while what those have who are away; here the grace does that.
      keepings: (fileId) => catalogue.holders(fileId).filter(({ peer }) => !source.isAway(peer)),
      submit: async (document, init) => intake.begin(await intake.accept(document, init))
    },
    { graceMs }
  )
}
