import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MeshError } from '../../../src/core/errors.ts'
import {
  bytesOfText,
  checkTaskPath,
  encodeBytes,
  encodeResultFile,
  readTaskFiles,
  TASK_FILE_BOUNDS
} from '../../../src/model/task-files.ts'
import type { EncodedBytes, TaskFile } from '../../../src/model/task-files.ts'

function errorOf(work: () => unknown): MeshError | undefined {
  try {
    work()
  } catch (cause) {
    if (cause instanceof MeshError) return cause
    throw cause
  }
  return undefined
}

function decode(encoded: EncodedBytes): Buffer {
  return 'text' in encoded ? Buffer.from(encoded.text) : Buffer.from(encoded.base64, 'base64')
}

describe('a path', () => {
  it.each(['a', 'in/data.txt', '.hidden', 'ü/λ.txt', '...', '-rf', 'a b', 'x'.repeat(255)])(
    'may be %j',
    (path) => {
      expect(errorOf(() => checkTaskPath(path, 'task.files[0].path'))).toBeUndefined()
    }
  )

  it.each([
    ['empty', ''],
    ['absolute', '/etc/x'],
    ['above', '../../x'],
    ['above in its middle', 'a/../../b'],
    ['here', './a'],
    ['a folder', 'a/'],
    ['with an empty part', 'a//b'],
    ['with NUL', 'a\0b'],
    ['with a line end', 'bad\nname'],
    ['with a backslash', 'a\\..\\b'],
    ['with half a character', 'a\ud800'],
    ['with a name too long', 'x'.repeat(256)],
    ['too deep', 'a/'.repeat(16) + 'a'],
    ['too long', `${'x'.repeat(200)}/`.repeat(6) + 'x']
  ])('hostile 22: may not be %s', (_, path) => {
    const error = errorOf(() => checkTaskPath(path, 'task.files[0].path'))
    expect(error?.code).toBe('FIELD_INVALID')
    expect(error?.path).toBe('task.files[0].path')
    expect(error?.blame).toBe('job')
  })
})

describe('input files', () => {
  it('are bytes by path', () => {
    const files = readTaskFiles(
      [{ path: 'a/text', text: 'ä' }, { path: 'a/bytes', base64: '/w==' }, { path: 'empty' }],
      'task.files'
    )
    expect([...files].map(([path, bytes]) => [path, [...bytes]])).toEqual([
      ['a/text', [0xc3, 0xa4]],
      ['a/bytes', [0xff]],
      ['empty', []]
    ])
  })

  it.each<[string, TaskFile[]]>([
    [
      'a path twice',
      [
        { path: 'a', text: '' },
        { path: 'a', text: '' }
      ]
    ],
    [
      'a file that is a folder as well',
      [
        { path: 'a/b/c', text: '' },
        { path: 'a/b', text: '' }
      ]
    ],
    ['both text and base64', [{ path: 'a', text: '', base64: '' }]],
    ['broken base64', [{ path: 'a', base64: 'a*==' }]],
    [
      'more files than one may pass',
      Array.from({ length: 10_000 }, (_, index) => ({ path: `f${index}` }))
    ]
  ])('hostile 22: are refused with %s', (_, files) => {
    expect(errorOf(() => readTaskFiles(files, 'task.files'))?.code).toBe('FIELD_INVALID')
  })

  it('may be as many as the bound', () => {
    const files = Array.from({ length: TASK_FILE_BOUNDS.filesMax }, (_, index) => ({
      path: `f${index}`
    }))
    expect(readTaskFiles(files, 'task.files').size).toBe(TASK_FILE_BOUNDS.filesMax)
  })
})

describe('bytes', () => {
  it('of a text are its UTF-8, or what base64 says', () => {
    expect([...bytesOfText('ä', 'task.stdin')]).toEqual([0xc3, 0xa4])
    expect([...bytesOfText('base64:/w==', 'task.stdin')]).toEqual([0xff])
    expect(errorOf(() => bytesOfText('base64:!', 'task.stdin'))?.path).toBe('task.stdin')
  })

  it('are text in a result where people can read them', () => {
    expect(encodeResultFile('a', Buffer.from('1\t2\r\n'))).toEqual({
      path: 'a',
      bytes: 5,
      text: '1\t2\r\n'
    })
    expect(encodeBytes(Buffer.from([0xff]))).toEqual({ base64: '/w==' })
    expect(encodeBytes(Buffer.from([0x1b]))).toEqual({ base64: 'Gw==' })
  })

  it('come back as they were', () => {
    const text = fc.string({ unit: 'binary' }).map((value) => Buffer.from(value))
    const bytes = fc.uint8Array().map((value) => Buffer.from(value))
    fc.assert(
      fc.property(fc.oneof(text, bytes), (original) => {
        expect(decode(JSON.parse(JSON.stringify(encodeBytes(original))) as EncodedBytes)).toEqual(
          original
        )
      })
    )
  })
})
