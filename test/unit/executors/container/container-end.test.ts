import { describe, expect, it } from 'vitest'
import { errorOf, isProgramMissing } from '../../../../src/executors/container/container-end.ts'
import type { ContainerEnd } from '../../../../src/executors/container/container-end.ts'
import type { ContainerState } from '../../../../src/executors/container/container-cli.ts'

const MIB = 2 ** 20
const BOUNDS = { memoryBytesMax: 64 * MIB, diskBytesMax: 8 * MIB, program: '/bin/tool' }
const ENDED: ContainerState = {
  hasBegun: true,
  isRunning: false,
  pid: 0,
  exitCode: 3,
  isOutOfMemory: false
}

function ended(more: Partial<ContainerEnd> = {}): ContainerEnd {
  return {
    cli: { code: 3, signal: null },
    state: ENDED,
    isOutOfMemory: false,
    isDiskFull: false,
    diskBytes: 0,
    tail: 'last words',
    ...more
  }
}

describe('the end of a container', () => {
  it('is the program’s own where it ran, whatever its exit code', () => {
    const end = ended({ cli: { code: 125, signal: null }, state: { ...ENDED, exitCode: 125 } })
    const error = errorOf(end, BOUNDS)
    expect(error).toMatchObject({ code: 'TASK_FAILED', blame: 'job', taskCode: '125' })
    expect(error.message).toBe('the program ended with exit code 125:\nlast words')
  })

  it('is the job’s fault where the image has no such program', () => {
    const state = { ...ENDED, hasBegun: false }
    const missing = errorOf(ended({ cli: { code: 127, signal: null }, state }), BOUNDS)
    expect(missing).toMatchObject({ code: 'TASK_FAILED', path: 'task.argv', blame: 'job' })
    expect(isProgramMissing(missing)).toBe(true)
    const closed = errorOf(ended({ cli: { code: 126, signal: null }, state }), BOUNDS)
    expect(closed).toMatchObject({ code: 'TASK_FAILED', path: 'task.argv' })
    expect(isProgramMissing(closed)).toBe(false)
  })

  it.each([
    'Error: no command or entrypoint provided, and no CMD or ENTRYPOINT from image',
    'docker: Error response from daemon: No command specified.'
  ])('is the job’s fault where there is nothing to run: %s', (tail) => {
    const cli = { code: 125, signal: null }
    const error = errorOf(ended({ cli, state: undefined, tail }), BOUNDS)
    expect(error).toMatchObject({ code: 'FIELD_INVALID', path: 'task.argv', blame: 'job' })
    expect(errorOf(ended({ cli, tail }), BOUNDS).code).toBe('TASK_FAILED')
  })

  it.each<[string, Partial<ContainerEnd>]>([
    ['never made it', { cli: { code: 125, signal: null }, state: { ...ENDED, hasBegun: false } }],
    ['was ended itself', { cli: { code: null, signal: 'SIGKILL' } }],
    ['ended too early', { cli: { code: 1, signal: null }, state: { ...ENDED, isRunning: true } }],
    ['is silent', { state: undefined }]
  ])('is the worker’s fault where the runtime %s', (_what, more) => {
    expect(errorOf(ended(more), BOUNDS)).toMatchObject({ code: 'SANDBOX_CRASHED', blame: 'worker' })
  })

  it('names memory by the runtime’s word and by the kernel’s', () => {
    for (const more of [{ isOutOfMemory: true }, { state: { ...ENDED, isOutOfMemory: true } }]) {
      expect(errorOf(ended(more), BOUNDS).code).toBe('TASK_OUT_OF_MEMORY')
    }
  })

  it('names the disk where the folder is as full as it may be', () => {
    expect(errorOf(ended({ diskBytes: 8 * MIB }), BOUNDS).code).toBe('TASK_OUT_OF_DISK')
    expect(errorOf(ended({ diskBytes: 8 * MIB - 1 }), BOUNDS).code).toBe('TASK_FAILED')
  })

  it('is the worker’s fault where the worker’s disk is full, and sends the task elsewhere', () => {
    const error = errorOf(ended({ isDiskFull: true }), BOUNDS)
    expect(error).toMatchObject({ code: 'RESOURCES_UNAVAILABLE', blame: 'worker' })
  })
})
