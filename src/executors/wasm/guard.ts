/**
 * Looks at a module before anything compiles it, and lets through only what a WASI preview 1 command
 * needs. Each rule keeps out something that no limit could hold once it was in:
 *
 * - only function types over numbers, vectors and references: a module of 90 bytes with an array type
 *   took 4.4 GiB outside of its memory;
 * - no start section: it would run before the program is begun;
 * - no exceptions: what they carry would pile up beside its memory;
 * - one memory of its own, neither shared nor 64 bits wide, whose maximum is rewritten to the limit;
 * - tables and function bodies of a bounded size: compiling a body cannot be interrupted;
 * - imports from WASI only, with the types that they have there, so that no call gets what it does not expect.
 *
 * What is merely wrong is left to the compiler.
 */
import { BinaryReader, encodeU32 } from './binary-reader.ts'
import { ModuleRefusal } from './module-refusal.ts'
import { boundMemory, boundTables } from './memory-bounds.ts'
import { WASI_MODULE, signatureOf } from '../wasi/abi.ts'

export interface GuardLimits {
  /** What the module's memory may grow to. */
  memoryPagesMax: number
  functionBytesMax: number
}

const MAGIC_AND_VERSION = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
const SECTION = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
  tag: 13
} as const
/** The order in which they stand; each at most once. */
const ORDER: readonly number[] = [
  SECTION.type,
  SECTION.import,
  SECTION.function,
  SECTION.table,
  SECTION.memory,
  SECTION.global,
  SECTION.export,
  SECTION.element,
  SECTION.dataCount,
  SECTION.code,
  SECTION.data
]
const FUNCTION_TYPE = 0x60
/** i32, i64, f32, f64, v128, funcref, externref by the letter or word that stands for them in signatures. */
const VALUE_TYPES = new Map([
  [0x7f, 'i'],
  [0x7e, 'I'],
  [0x7d, 'f'],
  [0x7c, 'F'],
  [0x7b, 'v'],
  [0x70, 'r'],
  [0x6f, 'x']
])
const KIND = { function: 0, memory: 2 } as const
/** As the specification has it for JavaScript; a longer list is nobody's program. */
const TYPE_LENGTH_MAX = 1_000
const LOCALS_MAX = 50_000

/** What one section says that another one needs. */
interface Findings {
  types: string[]
  /** Type of each function, imported ones first. */
  functionTypes: string[]
  hasMemory: boolean
  /** `name` → kind and index. */
  exports: Map<string, { kind: number; index: number }>
}

/**
 * The module as it may be compiled: with its memory bounded, without custom sections.
 * @throws ModuleRefusal
 */
export function guardModule(bytes: Uint8Array, limits: GuardLimits): Uint8Array {
  const reader = new BinaryReader(bytes)
  if (bytes.byteLength < 8 || MAGIC_AND_VERSION.some((byte) => reader.byte() !== byte)) {
    throw new ModuleRefusal('it is not a WebAssembly module of version 1')
  }
  const findings: Findings = {
    types: [],
    functionTypes: [],
    hasMemory: false,
    exports: new Map()
  }
  const kept: Uint8Array[] = [Uint8Array.from(MAGIC_AND_VERSION)]
  let lastRank = -1
  while (!reader.isAtEnd) {
    const id = reader.byte()
    const body = reader.take(reader.u32())
    if (id === SECTION.custom) continue
    if (id === SECTION.start) throw new ModuleRefusal('it has a start section')
    const rank = ORDER.indexOf(id)
    if (id === SECTION.tag) throw new ModuleRefusal('it uses exceptions (it has a tag section)')
    if (rank === -1) throw new ModuleRefusal(`it has a section of kind ${id}`)
    if (rank <= lastRank) throw new ModuleRefusal('its sections are out of order')
    lastRank = rank
    const checked = checkSection(id, body, findings, limits)
    kept.push(Uint8Array.from([id, ...encodeU32(checked.byteLength)]), checked)
  }
  checkExports(findings)
  return Buffer.concat(kept)
}

/** @returns the section as it is to stand */
function checkSection(
  id: number,
  body: Uint8Array,
  findings: Findings,
  limits: GuardLimits
): Uint8Array {
  const reader = new BinaryReader(body)
  switch (id) {
    case SECTION.type:
      checkTypes(reader, findings)
      return body
    case SECTION.import:
      checkImports(reader, findings)
      return body
    case SECTION.function:
      repeat(reader.u32(), () => findings.functionTypes.push(typeAt(findings, reader.u32())))
      return body
    case SECTION.table:
      return boundTables(reader)
    case SECTION.memory:
      findings.hasMemory = true
      return boundMemory(reader, limits.memoryPagesMax)
    case SECTION.export:
      readExports(reader, findings)
      return body
    case SECTION.code:
      checkBodies(reader, limits)
      return body
    default:
      return body
  }
}

function checkTypes(reader: BinaryReader, { types }: Findings): void {
  repeat(reader.u32(), () => {
    if (reader.byte() !== FUNCTION_TYPE) throw new ModuleRefusal('it has types beside functions')
    types.push(`${readTypes(reader)}>${readTypes(reader)}`)
  })
  reader.expectEnd('type section')
}

function readTypes(reader: BinaryReader): string {
  const count = reader.u32()
  if (count > TYPE_LENGTH_MAX) throw new ModuleRefusal('a function of it has too many parameters')
  let letters = ''
  repeat(count, () => (letters += readValueType(reader)))
  return letters
}

function readValueType(reader: BinaryReader): string {
  const letter = VALUE_TYPES.get(reader.byte())
  if (letter === undefined) throw new ModuleRefusal('it has values of a type that is not allowed')
  return letter
}

function checkImports(reader: BinaryReader, findings: Findings): void {
  repeat(reader.u32(), () => {
    const module = reader.name()
    const name = reader.name()
    const full = `${module.slice(0, 100)}.${name.slice(0, 100)}`
    if (module !== WASI_MODULE || reader.byte() !== KIND.function) {
      throw new ModuleRefusal(`it imports ${full}, and only functions of ${WASI_MODULE} are there`)
    }
    const type = typeAt(findings, reader.u32())
    const expected = signatureOf(name)
    if (expected === undefined) throw new ModuleRefusal(`it imports ${full}, which does not exist`)
    if (type !== expected) throw new ModuleRefusal(`it imports ${full} with a wrong type`)
    findings.functionTypes.push(type)
  })
  reader.expectEnd('import section')
}

function readExports(reader: BinaryReader, { exports }: Findings): void {
  repeat(reader.u32(), () => {
    const name = reader.name()
    exports.set(name, { kind: reader.byte(), index: reader.u32() })
  })
  reader.expectEnd('export section')
}

function checkBodies(reader: BinaryReader, { functionBytesMax }: GuardLimits): void {
  repeat(reader.u32(), () => {
    const length = reader.u32()
    if (length > functionBytesMax) {
      throw new ModuleRefusal(
        `it has a function of ${length} bytes, and this worker takes up to ${functionBytesMax}`
      )
    }
    const body = new BinaryReader(reader.take(length))
    let localCount = 0
    repeat(body.u32(), () => {
      localCount += body.u32()
      if (localCount > LOCALS_MAX)
        throw new ModuleRefusal('a function of it has too many variables')
      readValueType(body)
    })
  })
  reader.expectEnd('code section')
}

function checkExports({ exports, functionTypes, hasMemory }: Findings): void {
  const start = exports.get('_start')
  const isCommand = start?.kind === KIND.function && functionTypes[start.index] === '>'
  if (!isCommand) throw new ModuleRefusal('it is no WASI command: it exports no function _start')
  if (!hasMemory || exports.get('memory')?.kind !== KIND.memory) {
    throw new ModuleRefusal('it does not export a memory of its own as "memory"')
  }
}

function typeAt({ types }: Findings, index: number): string {
  const type = types[index]
  if (type === undefined) throw new ModuleRefusal('a function of it has a type that is not there')
  return type
}

/** The count is a stranger's, but each turn reads at least one byte, which ends it in time. */
function repeat(count: number, turn: () => void): void {
  for (let index = 0; index < count; index += 1) turn()
}
