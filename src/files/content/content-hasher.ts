/** The id of bytes as they pass by, in parts of any size: for those who keep none of them. Pure. */
import { LEAF_BYTES, TreeBuilder, leafHash } from './content-tree.ts'
import { fileIdOf } from './file-id.ts'

export class ContentHasher {
  readonly #tree = new TreeBuilder()
  readonly #leaf = new Uint8Array(LEAF_BYTES)
  #filled = 0
  #sizeBytes = 0

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  push(bytes: Uint8Array): void {
    this.#sizeBytes += bytes.byteLength
    for (let offset = 0; offset < bytes.byteLength;) {
      const part = bytes.subarray(offset, offset + LEAF_BYTES - this.#filled)
      this.#leaf.set(part, this.#filled)
      this.#filled += part.byteLength
      offset += part.byteLength
      if (this.#filled === LEAF_BYTES) this.#endLeaf()
    }
  }

  /** Of all that has come; nothing may come after it. */
  id(): string {
    if (this.#filled > 0) this.#endLeaf()
    return fileIdOf(this.#sizeBytes, this.#tree.root())
  }

  #endLeaf(): void {
    this.#tree.push(leafHash(this.#leaf.subarray(0, this.#filled)))
    this.#filled = 0
  }
}
