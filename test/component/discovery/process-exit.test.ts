/** Nodes that were stopped hold nothing that keeps their process alive. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const script = fileURLToPath(new URL('../../support/short-lived-mesh.ts', import.meta.url))

describe('a process whose nodes were stopped', () => {
  it('ends by itself, without a warning', async () => {
    // It would wait for ever if a timer or a socket were left; the test's own time limit tells then.
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [script])
    expect(stdout).toBe('stopped\n')
    expect(stderr).toBe('')
  })
})
