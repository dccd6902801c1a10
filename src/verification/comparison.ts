/**
 * Whether two results of a task are the same, as the job has it. Each is hashed once as it stands: what has equal
 * hashes is the same by every measure, and most that are the same have. Only the others are read, and each of them
 * once. Files are compared by their ids, which follow from their bytes, also a file that is in a result's place. Pure.
 */
import { createHash } from 'node:crypto'
import { canonicalJson, inOrder } from '../core/json.ts'
import type { Comparison } from '../model/verify-plan.ts'
import type { Json } from '../core/json.ts'
import type { OutputFile } from '../model/job.ts'

/** What one copy of a task gave. */
export interface TaskResult {
  /** JSON text; null where a file is in its place. */
  output: string | null
  outputFile: OutputFile | null
  outputs: readonly OutputFile[] | null
}

/** A result, made ready to be compared. */
export interface ResultPrint {
  /** Letters that only equal files have. */
  files: string
  /** Letters that only equal texts have. */
  text: string
  /** JSON text; null where a file is in its place. */
  output: string | null
}

export function printResult(result: TaskResult): ResultPrint {
  const { output } = result
  return { files: filesOf(result), text: hashOf(output ?? ''), output }
}

/** @returns undefined where only the job's own function can say */
export function areSame(
  left: ResultPrint,
  right: ResultPrint,
  comparison: Comparison
): boolean | undefined {
  if (left.files !== right.files) return false
  if (left.text === right.text) return true
  switch (comparison.kind) {
    case 'bytes':
      return false
    case 'json':
      return valueOf(left) === valueOf(right)
    case 'number':
      return areNear(left, right, comparison.epsilon)
    case 'function':
      return valueOf(left) === valueOf(right) ? true : undefined
  }
}

/** Whether two numbers differ by no more than that: absolutely near zero, relatively far from it. */
export function isNear(left: number, right: number, epsilon: number): boolean {
  if (left === right) return true
  return Math.abs(left - right) <= epsilon * Math.max(1, Math.abs(left), Math.abs(right))
}

function areNear(left: ResultPrint, right: ResultPrint, epsilon: number): boolean {
  const [one, other] = [figuresOf(left), figuresOf(right)]
  if (one === undefined || one.shape !== other?.shape) return false
  const { numbers } = other
  return one.numbers.every((number, index) => isNear(number, numbers[index] as number, epsilon))
}

/** A result, taken apart: numbers in the order of the keys, and letters that only results have that are else the same. */
interface Figures {
  shape: string
  numbers: Float64Array
}

const figures = new WeakMap<ResultPrint, Figures | undefined>()

/** Read once, however many it is compared to. Undefined where a number is none that a double holds. */
function figuresOf(print: ResultPrint): Figures | undefined {
  if (figures.has(print)) return figures.get(print)
  const value = readOutput(print)
  const found = hasOnlyFinite(value) ? takeApart(value) : undefined
  figures.set(print, found)
  return found
}

function takeApart(value: Json): Figures {
  const numbers: number[] = []
  const shape = JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part !== 'number') return inOrder(part)
    numbers.push(part)
    return 0
  })
  return { shape: hashOf(shape), numbers: Float64Array.from(numbers) }
}

const values = new WeakMap<ResultPrint, string>()

/**
 * Letters that only equal values have. Numbers that no double holds, such as 1e400, are compared as they are
 * written: read, all of them are one.
 */
function valueOf(print: ResultPrint): string {
  const known = values.get(print)
  if (known !== undefined) return known
  const value = readOutput(print)
  const letters = hasOnlyFinite(value) ? hashOf(canonicalJson(value)) : `as written ${print.text}`
  values.set(print, letters)
  return letters
}

/** It was checked to be JSON when it came; of a result that is a file, there is nothing to read. */
function readOutput({ output }: ResultPrint): Json {
  return JSON.parse(output ?? 'null') as Json
}

function hasOnlyFinite(value: Json): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  return !isContainer(value) || Object.values(value).every(hasOnlyFinite)
}

function isContainer(value: Json): value is Json[] | { [key: string]: Json } {
  return typeof value === 'object' && value !== null
}

/** In whatever order a task left them. */
function filesOf({ outputFile, outputs }: TaskResult): string {
  const rows = (outputs ?? []).map(({ file, kind, name }) => [name, kind, file])
  const sorted = rows.map((row) => JSON.stringify(row)).toSorted()
  return outputFile === null ? sorted.join() : [outputFile.file, ...sorted].join()
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64')
}
