/** A file to be sent: no two blocks alike, none that compresses. */
import { open } from 'node:fs/promises'

export async function writeRandomFile(path: string, sizeBytes: number): Promise<void> {
  const file = await open(path, 'w')
  const block = crypto.getRandomValues(new Uint8Array(65_536))
  const view = new DataView(block.buffer)
  for (let offset = 0; offset < sizeBytes; offset += block.byteLength) {
    view.setFloat64(0, offset)
    // oxlint-disable-next-line no-await-in-loop
    await file.write(block, 0, Math.min(block.byteLength, sizeBytes - offset), offset)
  }
  await file.close()
}
