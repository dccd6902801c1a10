/**
 * A task's input files as one tar archive: how they get into a sandbox whose folder exists for nobody
 * outside. Pure. Only what `tar -x` needs: regular files, and GNU's long names where 100 bytes are
 * too few. Folders come with their files.
 */

const BLOCK_BYTES = 512
/** Tar reads whole records, and would wait for the rest of a shorter one. */
const RECORD_BYTES = 20 * BLOCK_BYTES
const NAME_BYTES_MAX = 100
const REGULAR_FILE = '0'
const LONG_NAME = 'L'
/** Under this name GNU tar expects the long one. */
const LONG_NAME_MARK = '././@LongLink'
/** The owner, and nobody else, may read and write what came with the task. */
const FILE_MODE = '0000600\0'

/** @param files bytes by path; the paths have passed `checkTaskPath` */
export function packFiles(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const parts: Uint8Array[] = []
  for (const [path, bytes] of files) {
    const name = Buffer.from(path)
    if (name.length > NAME_BYTES_MAX) {
      const long = Buffer.concat([name, Buffer.alloc(1)])
      parts.push(header(Buffer.from(LONG_NAME_MARK), long.length, LONG_NAME), ...padded(long))
    }
    parts.push(header(name.subarray(0, NAME_BYTES_MAX), bytes.byteLength, REGULAR_FILE))
    parts.push(...padded(bytes))
  }
  const end = Buffer.alloc(2 * BLOCK_BYTES)
  const length = parts.reduce((sum, part) => sum + part.byteLength, end.length)
  return Buffer.concat([...parts, end, Buffer.alloc(missingBytes(length, RECORD_BYTES))])
}

function header(name: Uint8Array, bytes: number, type: string): Uint8Array {
  const block = Buffer.alloc(BLOCK_BYTES)
  block.set(name, 0)
  block.write(FILE_MODE, 100, 'latin1')
  block.write('0000000\0'.repeat(2), 108, 'latin1')
  block.write(`${octal(bytes, 11)}\0${octal(0, 11)}\0`, 124, 'latin1')
  // The checksum counts itself as spaces.
  block.write(`        ${type}`, 148, 'latin1')
  block.write('ustar\x0000', 257, 'latin1')
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${octal(sum, 6)}\0 `, 148, 'latin1')
  return block
}

function padded(bytes: Uint8Array): Uint8Array[] {
  return [bytes, Buffer.alloc(missingBytes(bytes.byteLength, BLOCK_BYTES))]
}

/** How many bytes `length` lacks to a multiple of `unit`. */
function missingBytes(length: number, unit: number): number {
  return (unit - (length % unit)) % unit
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0')
}
