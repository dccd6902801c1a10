/** Before the tests in network namespaces: whether they can run at all. After them: nothing of theirs is left. */
import { constants } from 'node:os'
import { checkRequirements, removeRun, runPrefix } from './namespaces.ts'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** Of the namespaces of this run. */
    netPrefix: string
  }
}

/** @throws where there is no root, or a package is missing */
export function setup(project: TestProject): () => void {
  checkRequirements()
  const prefix = runPrefix(process.pid)
  project.provide('netPrefix', prefix)
  const remove = (): void => removeRun(prefix)
  // However this process ends, short of `kill -9`.
  process.once('exit', remove)
  for (const signal of SIGNALS) process.once(signal, exit)
  return () => {
    process.removeListener('exit', remove)
    for (const signal of SIGNALS) process.removeListener(signal, exit)
    remove()
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

function exit(signal: NodeJS.Signals): void {
  process.exit(128 + constants.signals[signal])
}
