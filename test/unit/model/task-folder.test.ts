/** What may lie in a task's folder together, and which engines have one. */
import { describe, expect, it } from 'vitest'
import { checkTaskFolder } from '../../../src/model/task-folder.ts'
import type { TaskDocument } from '../../../src/model/job.ts'

const PROCESS: TaskDocument = {
  engine: 'process',
  argv: ['true'],
  files: [{ path: 'in/file' }],
  outputs: ['returned']
}

interface Lists {
  task?: TaskDocument
  inputs?: string[]
  outputs?: string[]
}

function check({ inputs = [], outputs = [], task = PROCESS }: Lists): void {
  checkTaskFolder({ task, inputs: inputs.map(named), outputs: outputs.map(named) })
}

function named(path: string): { path: string } {
  return { path }
}

function refusedAt(path: string): unknown {
  return expect.objectContaining({ code: 'FIELD_INVALID', path })
}

describe('the folder of a task', () => {
  it.each([
    { inputs: ['in/other', 'set'], outputs: ['out', 'in/out'] },
    { inputs: ['a b/größe'], outputs: ['a b/größer'] },
    {}
  ])('may have %j', (lists) => {
    expect(() => check(lists)).not.toThrow()
  })

  it.each([
    [{ inputs: ['in/file'] }, 'inputs[0].path'],
    [{ inputs: ['in'] }, 'inputs[0].path'],
    [{ inputs: ['in/file/deeper'] }, 'inputs[0].path'],
    [{ inputs: ['set', 'set/a'] }, 'inputs[1].path'],
    [{ inputs: ['../up'] }, 'inputs[0].path'],
    [{ inputs: ['a', '/etc'] }, 'inputs[1].path'],
    [{ outputs: ['../up'] }, 'outputs[0].path'],
    [{ inputs: ['set'], outputs: ['out', 'set'] }, 'outputs[1].path'],
    [{ inputs: ['set'], outputs: ['set/new'] }, 'outputs[0].path'],
    [{ inputs: ['out/set'], outputs: ['out'] }, 'outputs[0].path'],
    [{ inputs: ['returned/a'] }, 'task.outputs[0]']
  ])('may not have %j', (lists: Lists, path) => {
    expect(() => check(lists)).toThrow(refusedAt(path))
  })

  it('is nothing that a function of our own has', () => {
    const task: TaskDocument = { engine: 'builtin', name: 'noop' }
    expect(() => check({ task, inputs: ['in'] })).toThrow(refusedAt('inputs'))
    expect(() => check({ task, outputs: ['out'] })).toThrow(refusedAt('outputs'))
    expect(() => check({ task })).not.toThrow()
  })

  it('has a part of its own under WebAssembly', () => {
    const task: TaskDocument = { engine: 'wasm', module: 'base64:AA==' }
    expect(() => check({ task, inputs: ['dev/x'] })).toThrow('in /dev')
    expect(() => check({ task, inputs: ['device/x'] })).not.toThrow()
  })
})
