/** How the tests run: `fast` in one process each, `e2e` one file at a time because they start real nodes. */
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
          include: [
            'test/*.test.ts',
            'test/{unit,component,conformance,properties,simulation}/**/*.test.ts'
          ],
          testTimeout: 60_000,
          hookTimeout: 60_000
        }
      },
      {
        test: {
          root,
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false
        }
      }
    ]
  }
})
