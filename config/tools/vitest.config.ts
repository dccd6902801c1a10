/**
 * How the tests run, in three groups one after the other. `fast` keeps all processors busy. `simulation`, which calculates, and `e2e`,
 * which starts real nodes and mostly waits for them, share the machine, two files at a time. `alone` are those of the latter that
 * measure how fast something is, or take all there is of the machine. `net` needs root, and is only run by its name.
 */
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Without it one processor would be left to vitest itself, and half of two is much. */
const FAST_WORKERS = Math.max(2, availableParallelism())
/** Each starts up to ten processes. */
const E2E_WORKERS = 2

const ALONE = ['test/e2e/{fair-share,hostile-neighbours}.test.ts', 'test/hostile/**/*.test.ts']

export default defineConfig({
  test: {
    root,
    projects: [
      {
        test: {
          root,
          name: 'fast',
          include: [
            'test/*.test.ts',
            'test/{unit,component,conformance,properties,fuzz,interop}/**/*.test.ts'
          ],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: FAST_WORKERS,
          sequence: { groupOrder: 1 }
        }
      },
      {
        test: {
          root,
          name: 'simulation',
          include: ['test/simulation/**/*.test.ts'],
          testTimeout: 180_000,
          maxWorkers: E2E_WORKERS,
          sequence: { groupOrder: 2 }
        }
      },
      {
        test: {
          root,
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts', 'test/{crash,scale,docs}/**/*.test.ts'],
          exclude: ALONE,
          globalSetup: ['test/support/build-pages.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          maxWorkers: E2E_WORKERS,
          // Pages of the manual, of which each has a mesh of its own.
          maxConcurrency: 2,
          sequence: { groupOrder: 2 }
        }
      },
      {
        test: {
          root,
          name: 'alone',
          include: ALONE,
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
          sequence: { groupOrder: 3 }
        }
      },
      {
        test: {
          root,
          name: 'net',
          include: ['test/net/**/*.test.ts'],
          globalSetup: ['test/net/global-setup.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
          sequence: { groupOrder: 4 }
        }
      }
    ]
  }
})
