/**
 * Which kind of work a task is: what is learnt of one task is expected of the next of its kind, such as how
 * long it runs and whether a worker does it well. Pure.
 */
import { createHash } from 'node:crypto'
import type { TaskDocument } from './generated/job.ts'

/** Letters of a program's hash that stand for it: no two programs of one mesh share them. */
const HASH_LETTERS = 12

/**
 * The engine, with what it runs where that is one thing for all items: `function:resize`, `process:sort`,
 * `javascript:3f8a12b09c4d` (by the SHA-256 of its source).
 * @param program what all tasks of engine `process` start, where that is the same and known
 */
export function taskTypeOf(task: TaskDocument, program: string | undefined): string {
  switch (task.engine) {
    case 'builtin':
    case 'function':
      return `${task.engine}:${task.name}`
    case 'javascript':
      return `javascript:${hashOf(task.source)}`
    case 'wasm':
      return `wasm:${hashOf(task.module)}`
    case 'container':
      return `container:${hashOf(task.image)}`
    case 'process':
      return program === undefined ? 'process' : `process:${program}`
    case 'storage':
      return 'storage'
  }
}

function hashOf(program: unknown): string {
  const text = typeof program === 'string' ? program : JSON.stringify(program)
  return createHash('sha256').update(text).digest('hex').slice(0, HASH_LETTERS)
}
