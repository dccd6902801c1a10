/** A library that has what a test says, and tells of it as the real one does. */
import { EventEmitter } from 'node:events'
import { hash } from 'node:crypto'
import type { FileEntry, FileEvents, FilePage } from '../../src/files/store/file-index.ts'

/** A file id for a word. */
export function idOf(word: string | number): string {
  return `sha256:${hash('sha256', String(word), 'hex')}`
}

export class FakeLibrary {
  readonly events = new EventEmitter<FileEvents>()
  readonly #files = new Map<string, FileEntry>()

  get ids(): string[] {
    return [...this.#files.keys()].toSorted()
  }

  put(id: string, about: Partial<FileEntry> = {}): void {
    const isNew = !this.#files.has(id)
    const entry: FileEntry = {
      id,
      name: `${id.slice(7, 15)}.txt`,
      sizeBytes: 10,
      pieceBytes: 65_536,
      isComplete: true,
      own: 'none',
      sharedCount: 1,
      isPinned: false,
      keptUntilMs: undefined,
      keptFor: [],
      addedAtMs: 0,
      usedAtMs: 0,
      ...about
    }
    this.#files.set(id, entry)
    this.events.emit(isNew ? 'added' : 'changed', entry)
  }

  drop(id: string): void {
    if (this.#files.delete(id)) this.events.emit('removed', id)
  }

  get(id: string): FileEntry | undefined {
    return this.#files.get(id)
  }

  list({ after, limit = 1_000 }: FilePage = {}): FileEntry[] {
    const ids = this.ids.filter((id) => id > (after?.id ?? ''))
    return ids.slice(0, limit).map((id) => this.#files.get(id) as FileEntry)
  }
}
