/** What is said of a program that ended badly, by how things stood when it did. */
import { describe, expect, it } from 'vitest'
import { ProgramExit } from '../../../src/executors/wasi/program-exit.ts'
import { describeFault } from '../../../src/executors/wasm/faults.ts'
import type { Circumstances } from '../../../src/executors/wasm/faults.ts'

const MIB = 2 ** 20
const ABORT = new WebAssembly.RuntimeError('unreachable')
const NO_MORE = 'error: cannot allocate memory'

function stood(more: Partial<Circumstances>): Circumstances {
  return {
    module: () => new Uint8Array(),
    memoryBytes: 18 * MIB,
    memoryBytesMax: 32 * MIB,
    fileBytesMax: MIB,
    lack: undefined,
    stderr: '',
    stdout: '',
    ...more
  }
}

describe('a program whose memory could not be doubled', () => {
  it.each([
    ['says so and aborts', ABORT, NO_MORE],
    ['aborts without a word', ABORT, ''],
    ['says so and exits', new ProgramExit(1), 'Runtime error: out of memory (7)']
  ])('was out of memory where it %s', (_, cause, stderr) => {
    const { code, message } = describeFault(cause, stood({ stderr }))
    expect(code).toBe('TASK_OUT_OF_MEMORY')
    expect(message).toContain('grown to 18MiB of the 32MiB that it may have (resources.memory)')
  })

  it.each([
    ['aborts for a reason of its own', ABORT, 'assertion failed'],
    ['traps in another way', new WebAssembly.RuntimeError('divide by zero'), ''],
    ['exits without a word of it', new ProgramExit(1), '']
  ])('may have failed for it where it %s', (_, cause, stderr) => {
    const { code, message } = describeFault(cause, stood({ stderr }))
    expect(code).toBe('TASK_FAILED')
    expect(message).toContain('resources.memory')
  })
})

it('is not out of memory with half of it left, whatever it says', () => {
  const { code, message } = describeFault(ABORT, stood({ memoryBytes: 16 * MIB, stderr: NO_MORE }))
  expect(code).toBe('TASK_FAILED')
  expect(message).not.toContain('resources.memory')
})
