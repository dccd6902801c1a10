/** Process of jobs.bench: one role exactly as the program runs it, with settings as from its command line. */
import { answerParent, readInit } from './support/child.ts'
import { createLogger } from '../../src/observe/logger.ts'
import { loadSettings } from '../../src/config/load.ts'
import { startBootstrap } from '../../src/roles/bootstrap.ts'
import { startRouter } from '../../src/roles/router.ts'
import { startWorker } from '../../src/roles/worker.ts'
import type { RunningNode } from '../../src/roles/role.ts'

export interface RoleProcessInit {
  role: 'bootstrap' | 'worker' | 'router'
  flags: Readonly<Record<string, readonly string[]>>
}

const { flags, role } = readInit() as RoleProcessInit
const logger = createLogger({ level: 'error', format: 'json' })
const running = await start()

async function start(): Promise<RunningNode> {
  const sources = { flags, env: {} }
  switch (role) {
    case 'bootstrap':
      return await startBootstrap(loadSettings(role, sources), logger)
    case 'worker':
      return await startWorker(loadSettings(role, sources), logger)
    case 'router':
      return await startRouter(loadSettings(role, sources), logger)
  }
}

answerParent({ report: () => running.report }, () => running.stop())
