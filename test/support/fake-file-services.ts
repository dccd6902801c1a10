/** The files of a router that has none: one example, whatever is asked; every call is noted. */
import type { ApiServices } from '../../src/http/services.ts'
import type { FileView } from '../../src/model/generated/api-file.ts'

export function fakeFileServices(
  example: FileView,
  note: (name: string, ...details: unknown[]) => void
): ApiServices['files'] {
  return {
    list: (page) => {
      note('files', page)
      return [structuredClone(example)]
    },
    describe: async (id) => {
      note('file', id)
      return structuredClone(example)
    },
    entries: async (id, page) => {
      note('entries', id, page)
      return []
    },
    announce: async ({ manifest, ...rest }) => {
      note('announce', manifest.id, rest)
      return { id: manifest.id, complete: true, missing: [] }
    },
    putPiece: async (id, index) => note('putPiece', id, index),
    pin: async (id, request) => {
      note('pin', id, request)
      return structuredClone(example)
    },
    unpin: async (id) => {
      note('unpin', id)
      return structuredClone(example)
    },
    verify: async (id, { timeoutMs }) => {
      note('verify', id, timeoutMs)
      const { id: whole, size } = structuredClone(example)
      return { id: whole, outcome: 'right', bytes: size, size }
    },
    remove: async (id) => note('remove', id),
    fetch: async (id, request) => {
      note('fetch', id, request)
      return structuredClone(example)
    },
    open: async (id) => {
      note('open', id)
      const text = Buffer.from('test')
      return {
        id,
        name: 'test.txt',
        sizeBytes: text.length,
        read: async function* read({ first, last }) {
          yield text.subarray(first, last + 1)
        }
      }
    }
  }
}
