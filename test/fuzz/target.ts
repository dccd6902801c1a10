/** What is fuzzed: bytes from a stranger, the code that reads them, and how that may say no. */
import { schemaDocuments } from '../../src/model/validate.ts'
import type { ErrorCode } from '../../src/core/errors.ts'
import type { FormName } from './forms.ts'

export interface FuzzTarget {
  readonly name: string
  /** What its bytes are to whoever changes them with sense; they are changed without sense, too. */
  readonly form: FormName
  /** Valid inputs, the same each time but for keys and signatures. */
  readonly seeds: () => readonly Uint8Array[] | Promise<readonly Uint8Array[]>
  /**
   * Reads an input. It returns, or throws a `MeshError` with one of `refusals`; whatever else it throws is a
   * finding, so it may also throw where what was read is not what it should be.
   */
  readonly read: (input: Uint8Array) => unknown
  readonly refusals: readonly ErrorCode[]
}

/** How a validator says no. */
export const SCHEMA_REFUSALS = ['FIELD_UNKNOWN', 'FIELD_MISSING', 'FIELD_INVALID'] as const
/** How `parseJson` does. */
export const JSON_REFUSALS = ['REQUEST_NOT_JSON', 'REQUEST_TOO_DEEP', 'REQUEST_TOO_LARGE'] as const

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export function bytesOf(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value))
}

export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

/** What is no UTF-8 becomes marks that say so: whoever hands texts on has seen to it before. */
export function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}

/** The examples of a published schema. */
export function examplesOf(schema: string): readonly unknown[] {
  const { examples = [] }: { examples?: unknown[] } = schemaDocuments.get(schema) ?? {}
  return examples
}

export function exampleBytes(...schemas: string[]): Uint8Array[] {
  return schemas.flatMap((schema) => examplesOf(schema).map(bytesOf))
}

/** That what was read holds plain data alone: no object of another kind, whatever its names are. */
export function expectPlain(value: unknown): void {
  const open = [value]
  for (let one = open.pop(); one !== undefined || open.length > 0; one = open.pop()) {
    if (typeof one !== 'object' || one === null || one instanceof Uint8Array) continue
    const prototype: unknown = Object.getPrototypeOf(one)
    if (prototype !== Object.prototype && prototype !== Array.prototype && prototype !== null) {
      throw new Error('an object was read whose prototype came from outside')
    }
    for (const part of Object.values(one)) open.push(part)
  }
}
