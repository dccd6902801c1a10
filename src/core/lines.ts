/**
 * Lines out of bytes that come in pieces. They end at line feeds and nowhere else, as text in JSON may hold every
 * other separator that there is; and none may be longer than whoever reads them can hold.
 */
import { MeshError } from './errors.ts'

const LINE_FEED = 10

/** Without their line feeds; what stands after the last of those is a line too. @throws MeshError REQUEST_TOO_LARGE */
export async function* readLines(
  pieces: AsyncIterable<Uint8Array>,
  bytesMax: number
): AsyncGenerator<string, void> {
  let open: Uint8Array[] = []
  let openBytes = 0
  let count = 0
  const add = (piece: Uint8Array): void => {
    open.push(piece)
    openBytes += piece.byteLength
    if (openBytes <= bytesMax) return
    const message = `line ${count + 1} is longer than ${bytesMax} bytes`
    throw new MeshError('REQUEST_TOO_LARGE', message)
  }
  const close = (): string => {
    const line = Buffer.concat(open).toString()
    open = []
    openBytes = 0
    count += 1
    return line
  }
  for await (const piece of pieces) {
    let from = 0
    for (;;) {
      const end = piece.indexOf(LINE_FEED, from)
      if (end === -1) break
      add(piece.subarray(from, end))
      yield close()
      from = end + 1
    }
    if (from < piece.byteLength) add(piece.subarray(from))
  }
  if (openBytes > 0) yield close()
}
