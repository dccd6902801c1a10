/** A mesh for the client library: bootstrap, router and a worker with functions, in one process over sockets on loopback. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createWorker } from '../../src/roles/create-worker.ts'
import { loadSettings } from '../../src/config/load.ts'
import { silentLogger } from '../../src/observe/logger.ts'
import { startBootstrap } from '../../src/roles/bootstrap.ts'
import { startRouter } from '../../src/roles/router.ts'
import type { EmbeddedWorker } from '../../src/roles/create-worker.ts'
import type { FunctionDefinitions } from '../../src/executors/function/definitions.ts'
import type { RunningNode } from '../../src/roles/role.ts'

export const LIBRARY_TOKEN = 'a-token-long-enough'
export const LIBRARY_NAMESPACE = 'library'

export interface LibraryMesh {
  bootstrap: RunningNode
  router: RunningNode
  worker: EmbeddedWorker
  stop: () => Promise<void>
}

/** @param listen of bootstrap and router */
export async function startLibraryMesh(
  functions: FunctionDefinitions,
  listen: readonly string[] = ['/ip4/127.0.0.1/tcp/0']
): Promise<LibraryMesh> {
  const home = mkdtempSync(join(tmpdir(), 'library-'))
  const flags = (more: Record<string, string[]> = {}) => ({
    env: {},
    flags: { home: [home], listen: [...listen], namespace: [LIBRARY_NAMESPACE], ...more }
  })
  const bootstrap = await startBootstrap(loadSettings('bootstrap', flags()), silentLogger)
  const contacts = [...bootstrap.report.addresses]
  const http = { http: ['127.0.0.1:0'], token: [LIBRARY_TOKEN] }
  const router = await startRouter(
    loadSettings('router', flags({ bootstrap: contacts, ...http })),
    silentLogger
  )
  const worker = await createWorker({
    home,
    namespace: LIBRARY_NAMESPACE,
    bootstrap: contacts,
    engines: ['javascript'],
    functions,
    slots: 4
  })
  return {
    bootstrap,
    router,
    worker,
    stop: async () => {
      await worker.stop()
      await router.stop()
      await bootstrap.stop()
      rmSync(home, { recursive: true, force: true })
    }
  }
}
