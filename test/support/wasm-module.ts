/** WebAssembly modules made section by section, to have things in them that no compiler would write. */

/** Section number → its body. */
export type Sections = Readonly<Record<number, ArrayLike<number>>>

export const SECTION = {
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  code: 10,
  data: 11,
  tag: 13
} as const

const HEADER = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
const END = 0x0b
const NOP = 0x01

/** The smallest command: an empty `_start` and a memory of one page. */
const COMMAND: Sections = {
  [SECTION.type]: [1, 0x60, 0, 0],
  [SECTION.function]: [1, 0],
  [SECTION.memory]: [1, 0, 1],
  [SECTION.export]: [2, ...text('_start'), 0, 0, ...text('memory'), 2, 0],
  [SECTION.code]: [1, ...body(END)]
}

/** The smallest command with other sections in place of or beside its own, in the order of their numbers. */
export function commandModule(changes: Sections = {}): Uint8Array {
  return moduleOf(
    Object.entries({ ...COMMAND, ...changes }).map(([id, bytes]) => [Number(id), bytes])
  )
}

export function moduleOf(sections: readonly (readonly [number, ArrayLike<number>])[]): Uint8Array {
  const parts = sections.flatMap(([id, bytes]) => [
    Uint8Array.from([id, ...u32(bytes.length)]),
    Uint8Array.from(bytes)
  ])
  return Buffer.concat([Uint8Array.from(HEADER), ...parts])
}

/** A function without variables. */
export function body(...code: number[]): number[] {
  return [...u32(code.length + 1), 0, ...code]
}

/** A command whose `_start` is this code. */
export function commandOf(...code: number[]): Uint8Array {
  return commandModule({ [SECTION.code]: [1, ...body(...code, END)] })
}

/** A command whose `_start` does nothing, at length. */
export function longCommand(nopCount: number): Uint8Array {
  const head = [1, ...u32(nopCount + 2), 0]
  const code = Buffer.concat([
    Uint8Array.from(head),
    Buffer.alloc(nopCount, NOP),
    Uint8Array.of(END)
  ])
  return commandModule({ [SECTION.code]: code })
}

/** A command that imports one function, which has index 0. @param start what `_start` does */
export function importing(
  [module, name]: readonly [string, string],
  type: readonly number[],
  start: readonly number[] = body(END)
): Uint8Array {
  return commandModule({
    [SECTION.type]: [2, 0x60, 0, 0, 0x60, ...type],
    [SECTION.import]: [1, ...text(module), ...text(name), 0, 1],
    [SECTION.export]: [2, ...text('_start'), 0, 1, ...text('memory'), 2, 0],
    [SECTION.code]: [1, ...start]
  })
}

/** The smallest command with a section that names functions by their index. @param start what `_start` does */
export function namedModule(
  names: Readonly<Record<number, string>>,
  ...start: number[]
): Uint8Array {
  const entries = Object.entries(names)
  const list = entries.flatMap(([index, name]) => [...u32(Number(index)), ...text(name)])
  const functions = [...u32(entries.length), ...list]
  const section = [...text('name'), 1, ...u32(functions.length), ...functions]
  return Buffer.concat([
    commandOf(...start),
    Uint8Array.from([0, ...u32(section.length), ...section])
  ])
}

export function text(value: string): number[] {
  const bytes = new TextEncoder().encode(value)
  return [...u32(bytes.length), ...bytes]
}

export function u32(value: number): number[] {
  return value < 0x80 ? [value] : [(value % 0x80) + 0x80, ...u32(Math.floor(value / 0x80))]
}
