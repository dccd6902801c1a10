/** What a worker does with files beside giving and fetching them: for its tasks, and for those who want some kept. */
import { join } from 'node:path'
import { FileKeeperService } from '../files/service/file-keeper.ts'
import { Staging } from '../files/service/staging.ts'
import { TaskFileService } from '../files/service/task-files.ts'
import type { FileKeeper } from '../executors/storage-executor.ts'
import type { NodeCore } from './node-core.ts'
import type { NodeFiles } from './node-files.ts'
import type { Startable } from '../core/startable.ts'
import type { TaskFiles } from '../execution/ports.ts'

export interface WorkerFiles {
  forTasks: TaskFiles
  keeper: FileKeeper
  /** Must be ready before the first task comes. */
  before: readonly Startable[]
}

export function createWorkerFiles(core: NodeCore, { library, service }: NodeFiles): WorkerFiles {
  const { clock, folder, node } = core
  const staging = new Staging({ library }, { folder: join(folder.path, 'inputs') })
  const learnAddresses = (peer: string, addresses: readonly string[]): Promise<void> =>
    node.learnAddresses(peer, addresses)
  return {
    forTasks: new TaskFileService({ clock, service, staging, learnAddresses }),
    keeper: new FileKeeperService({ clock, service, learnAddresses }),
    before: [staging]
  }
}
