/**
 * How long the tasks of a job's items are, as `encodeTask` writes them, found without writing them: what all items
 * share is measured once. A megabyte of input for a hundred thousand items is a short document, and would be a
 * hundred gigabytes to write. Pure.
 */
import { inputsOfItem, withPlainProgram } from './job-inputs.ts'
import { itemCount } from './job.ts'
import type { JobDocument } from './generated/job.ts'

/** Of each field of an object, the bytes of its value. */
type FieldBytes = ReadonlyMap<string, number>

/** One after the other. */
export function* taskSizes(document: JobDocument): Generator<number, void, undefined> {
  const { each = [], ...whole } = document
  const { outputs = [], task } = whole
  const shared = fieldBytesOf(withPlainProgram(task))
  const sharedInputs = inputsOfItem(whole, 0)
  const sharedInputBytes = textBytes(sharedInputs)
  const outputBytes = textBytes(outputs)
  for (let index = 0; index < itemCount(document); index += 1) {
    const { id: _id, inputs: own, ...overrides } = each[index] ?? {}
    const taskBytes = objectBytes(new Map([...shared, ...fieldBytesOf(overrides)]))
    const inputs = own === undefined ? sharedInputs : inputsOfItem(document, index)
    const inputBytes = own === undefined ? sharedInputBytes : textBytes(inputs)
    yield inputs.length === 0 && outputs.length === 0
      ? taskBytes
      : objectBytes(
          new Map([
            ['task', taskBytes],
            ['inputs', inputBytes],
            ['outputs', outputBytes]
          ])
        )
  }
}

/**
 * The same on average, roughly: what all items have is counted for each, the rest of the document shared among them.
 * @param documentBytes length of the document's text
 */
export function meanTaskBytes(document: JobDocument, documentBytes: number): number {
  const count = itemCount(document)
  if (count === 1) return documentBytes
  const sharedBytes = Math.min(documentBytes, textBytes(document.task))
  return sharedBytes + (documentBytes - sharedBytes) / count
}

function fieldBytesOf(value: object): FieldBytes {
  return new Map(Object.entries(value).map(([key, field]) => [key, textBytes(field)]))
}

/** Braces, commas, and each name with its quotes and colon. */
function objectBytes(fields: FieldBytes): number {
  let bytes = 2 + Math.max(0, fields.size - 1)
  for (const [name, valueBytes] of fields) bytes += textBytes(name) + 1 + valueBytes
  return bytes
}

function textBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value))
}
