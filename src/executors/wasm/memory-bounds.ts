/** Rewrites the sections of a module that say how large its memory and its tables may grow. */
import { ModuleRefusal } from './module-refusal.ts'
import { encodeU32 } from './binary-reader.ts'
import { formatBytes } from '../../core/units.ts'
import type { BinaryReader } from './binary-reader.ts'

export const PAGE_BYTES = 65_536
/** All that 32 bits can address. */
export const PAGES_MAX = 65_536

const REFERENCE_TYPES = [0x70, 0x6f]
/** Real modules have one table with some thousand entries of eight bytes each. */
const TABLES_MAX = 4
const TABLE_ENTRIES_MAX = 262_144

/** The table section with a maximum on each. @throws ModuleRefusal */
export function boundTables(reader: BinaryReader): Uint8Array {
  const count = reader.u32()
  if (count > TABLES_MAX) throw new ModuleRefusal(`it has more than ${TABLES_MAX} tables`)
  const bounded = encodeU32(count)
  for (let index = 0; index < count; index += 1) {
    const type = reader.byte()
    if (!REFERENCE_TYPES.includes(type)) throw new ModuleRefusal('it has a table of a strange type')
    const { max, min } = readBounds(reader, 'table')
    if (min > TABLE_ENTRIES_MAX) {
      throw new ModuleRefusal(`it has a table of more than ${TABLE_ENTRIES_MAX} entries`)
    }
    const bound = Math.min(max ?? TABLE_ENTRIES_MAX, TABLE_ENTRIES_MAX)
    bounded.push(type, 1, ...encodeU32(min), ...encodeU32(bound))
  }
  reader.expectEnd('table section')
  return Uint8Array.from(bounded)
}

/** The memory section with the limit as its maximum. @throws ModuleRefusal */
export function boundMemory(reader: BinaryReader, memoryPagesMax: number): Uint8Array {
  if (reader.u32() !== 1) throw new ModuleRefusal('it has more than one memory')
  const { max = PAGES_MAX, min } = readBounds(reader, 'memory')
  reader.expectEnd('memory section')
  if (max > PAGES_MAX)
    throw new ModuleRefusal('its memory may grow beyond what 32 bits can address')
  if (min > memoryPagesMax) {
    const [needed, granted] = [min, memoryPagesMax].map((pages) => formatBytes(pages * PAGE_BYTES))
    throw new ModuleRefusal(
      `it needs ${needed} of memory to begin with, and may have ${granted} (resources.memory)`,
      'TASK_OUT_OF_MEMORY'
    )
  }
  const bound = Math.min(max, memoryPagesMax)
  return Uint8Array.from([1, 1, ...encodeU32(min), ...encodeU32(bound)])
}

/** Flags above 1 say shared, 64 bits wide, or pages of another size. */
function readBounds(reader: BinaryReader, what: string): { min: number; max: number | undefined } {
  const flags = reader.byte()
  if (flags > 1) throw new ModuleRefusal(`its ${what} is shared or 64 bits wide`)
  const min = reader.u32()
  const max = flags === 1 ? reader.u32() : undefined
  // The compiler would say so, but never gets to see this maximum.
  if (max !== undefined && max < min)
    throw new ModuleRefusal(`its ${what} begins above its maximum`)
  return { min, max }
}
