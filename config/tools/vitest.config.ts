/**
 * How the tests run: `fast` in one process each, `simulation` apart because it takes half a minute, `e2e` one
 * file at a time because they start real nodes.
 */
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const root = fileURLToPath(new URL('../..', import.meta.url))

export default defineConfig({
  test: {
    root,
    projects: [
      {
        test: {
          root,
          name: 'fast',
          include: ['test/*.test.ts', 'test/{unit,component,conformance,properties}/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000
        }
      },
      {
        test: {
          root,
          name: 'simulation',
          include: ['test/simulation/**/*.test.ts'],
          testTimeout: 180_000
        }
      },
      {
        test: {
          root,
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts', 'test/crash/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false
        }
      }
    ]
  }
})
