/**
 * The names that a module gives its functions, for messages: read from the module as it came, and only
 * once something went wrong. The guard drops them with all custom sections, so that no compiler reads
 * what no program needs.
 */
import { BinaryReader } from './binary-reader.ts'
import { ModuleRefusal } from './module-refusal.ts'

const HEADER_BYTES = 8
const CUSTOM_SECTION = 0
const NAME_SECTION = 'name'
const FUNCTION_NAMES = 1
/** Names of C++ and Rust are whole signatures. */
const NAME_LENGTH_MAX = 80
// oxlint-disable-next-line no-control-regex -- A name stands in a line of a message.
const NOT_PRINTABLE = /[\u0000-\u001f\u007f]/g

/** Index → name, of those that have one. What cannot be read counts as none. */
export function functionNames(
  module: Uint8Array,
  indexes: ReadonlySet<number>
): Map<number, string> {
  const names = new Map<number, string>()
  try {
    const section = nameSection(module)
    while (!section.isAtEnd) {
      const kind = section.byte()
      const body = new BinaryReader(section.take(section.u32()))
      if (kind === FUNCTION_NAMES) readNames(body, indexes, names)
    }
  } catch (cause) {
    if (!(cause instanceof ModuleRefusal)) throw cause
  }
  return names
}

/** Empty where there is none. @throws ModuleRefusal */
function nameSection(module: Uint8Array): BinaryReader {
  const reader = new BinaryReader(module.subarray(HEADER_BYTES))
  while (!reader.isAtEnd) {
    const id = reader.byte()
    const body = new BinaryReader(reader.take(reader.u32()))
    if (id === CUSTOM_SECTION && body.name() === NAME_SECTION) return body
  }
  return reader
}

function readNames(
  reader: BinaryReader,
  indexes: ReadonlySet<number>,
  names: Map<number, string>
): void {
  for (let left = reader.u32(); left > 0; left -= 1) {
    const index = reader.u32()
    const bytes = reader.take(reader.u32())
    if (!indexes.has(index)) continue
    const name = Buffer.from(bytes).toString().replace(NOT_PRINTABLE, '')
    names.set(index, name.slice(0, NAME_LENGTH_MAX))
  }
}
