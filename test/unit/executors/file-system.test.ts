/** Paths and quotas of a program's files, where the program itself could not look closely enough. */
import { describe, expect, it } from 'vitest'
import { ERRNO } from '../../../src/executors/wasi/abi.ts'
import { FileError, FileSystem } from '../../../src/executors/wasi/file-system.ts'
import type { FileNode, FolderNode } from '../../../src/executors/wasi/nodes.ts'

function createFiles(bytesMax = 100_000, nodesMax = 20): FileSystem {
  const files = new FileSystem({ bytesMax, nodesMax, nowNs: () => 7n })
  files.place('a/b/c.txt', Buffer.from('text'))
  return files
}

function folderAt(files: FileSystem, path: string): FolderNode {
  const node = files.find(files.root, path)
  if (node.kind !== 'folder') throw new Error(`${path} is no folder`)
  return node
}

function fileAt(files: FileSystem, path: string): FileNode {
  const node = files.openOrCreate(files.root, path, false)
  if (node.kind !== 'file') throw new Error(`${path} is no file`)
  return node
}

function withInput(): FileSystem {
  const files = createFiles()
  files.placeInput('set', new Map([['in/side', new Uint8Array(10)]]))
  files.placeInput('single', new Map([['', new Uint8Array(5)]]))
  return files
}

function rename(files: FileSystem, from: string, to: string): void {
  files.rename({ base: files.root, path: from }, { base: files.root, path: to })
}

function errnoOf(work: () => unknown): number {
  try {
    work()
  } catch (cause) {
    if (cause instanceof FileError) return cause.errno
    throw cause
  }
  return ERRNO.success
}

describe('a path', () => {
  it.each([
    ['a/b/c.txt', 'file'],
    ['./a//b/./c.txt', 'file'],
    ['a/b/../b/c.txt', 'file'],
    ['a/b/', 'folder'],
    ['.', 'folder'],
    ['a/..', 'folder']
  ])('%s leads to a %s', (path, kind) => {
    const files = createFiles()
    expect(files.find(files.root, path).kind).toBe(kind)
  })

  it.each([
    ['', ERRNO.noent],
    ['nothing', ERRNO.noent],
    ['nothing/..', ERRNO.noent],
    ['..', ERRNO.notcapable],
    ['a/../..', ERRNO.notcapable],
    ['a/../../a', ERRNO.notcapable],
    ['/a', ERRNO.notcapable],
    ['a/b/c.txt/', ERRNO.notdir],
    ['a/b/c.txt/.', ERRNO.notdir],
    ['a/b/c.txt/..', ERRNO.notdir],
    ['a\0', ERRNO.inval],
    ['x'.repeat(256), ERRNO.nametoolong],
    ['é'.repeat(128), ERRNO.nametoolong],
    ['a/'.repeat(2_049), ERRNO.nametoolong]
  ])('%j is errno %i', (path, errno) => {
    const files = createFiles()
    expect(errnoOf(() => files.find(files.root, path))).toBe(errno)
  })

  it('never leads above the folder from which it starts', () => {
    const files = createFiles()
    const inner = folderAt(files, 'a/b')
    expect(files.find(inner, 'c.txt').kind).toBe('file')
    expect(errnoOf(() => files.find(inner, '..'))).toBe(ERRNO.notcapable)
    expect(
      errnoOf(() => files.rename({ base: inner, path: 'c.txt' }, { base: inner, path: '../c' }))
    ).toBe(ERRNO.notcapable)
  })

  it('leads nowhere from a folder that is gone', () => {
    const files = createFiles()
    files.createFolder(files.root, 'gone')
    const gone = folderAt(files, 'gone')
    files.removeFolder(files.root, 'gone')
    expect(errnoOf(() => files.find(gone, '..'))).toBe(ERRNO.notcapable)
  })
})

describe('a move', () => {
  it('takes a folder with all that is in it', () => {
    const files = createFiles()
    files.rename({ base: files.root, path: 'a/b' }, { base: files.root, path: 'b' })
    expect(files.find(files.root, 'b/c.txt').kind).toBe('file')
    expect(files.find(files.root, 'b/../a').kind).toBe('folder')
  })

  it.each([
    ['a folder into itself', 'a', 'a/b/inside', ERRNO.inval],
    ['the root', '.', 'x', ERRNO.inval],
    ['a folder onto a file', 'a', 'file', ERRNO.notdir],
    ['a file onto a folder', 'file', 'a', ERRNO.isdir],
    ['a folder onto a full one', 'other', 'a', ERRNO.notempty],
    ['a file to a folder that is not there', 'file', 'x/', ERRNO.notdir],
    ['nothing', 'nothing', 'x', ERRNO.noent]
  ])('of %s is refused', (_, from, to, errno) => {
    const files = createFiles()
    files.place('file', Buffer.from(''))
    files.createFolder(files.root, 'other')
    const move = (): void =>
      files.rename({ base: files.root, path: from }, { base: files.root, path: to })
    expect(errnoOf(move)).toBe(errno)
  })

  it('onto itself changes nothing', () => {
    const files = createFiles()
    files.rename({ base: files.root, path: 'a/b' }, { base: files.root, path: 'a/../a/b' })
    expect(files.find(files.root, 'a/b/c.txt').kind).toBe('file')
  })
})

describe('the quota', () => {
  it('of bytes is shared by all files, to the last one', () => {
    const files = createFiles(10_000)
    const [one, two] = [fileAt(files, 'one'), fileAt(files, 'two')]
    expect(one.resize(5_000)).toBe(true)
    expect(two.resize(5_000)).toBe(false)
    expect(one.resize(0)).toBe(true)
    expect(two.write(0, Buffer.alloc(5_904, 1))).toBe(true)
    expect(two.write(5_904, Buffer.alloc(1))).toBe(false)
    expect(two.size).toBe(5_904)
  })

  it('comes back with the last use of a file', () => {
    const files = createFiles(10_000)
    const file = fileAt(files, 'file')
    file.retain()
    expect(file.resize(5_904)).toBe(true)
    files.unlink(files.root, 'file')
    expect(fileAt(files, 'next').resize(5_904)).toBe(false)
    file.release()
    expect(fileAt(files, 'next').resize(5_904)).toBe(true)
  })

  it('of entries counts files and folders, and comes back', () => {
    const files = createFiles(100, 5)
    fileAt(files, 'one')
    files.createFolder(files.root, 'two')
    expect(errnoOf(() => fileAt(files, 'three'))).toBe(ERRNO.nospc)
    expect(errnoOf(() => files.createFolder(files.root, 'three'))).toBe(ERRNO.nospc)
    files.unlink(files.root, 'one')
    files.removeFolder(files.root, 'two')
    for (const name of ['three', 'four']) fileAt(files, name)
  })
})

describe('a file', () => {
  it('reads zeros where nothing was written, also where something was cut', () => {
    const file = fileAt(createFiles(), 'file')
    file.write(0, Buffer.from('abcdef'))
    file.resize(2)
    file.write(4, Buffer.from('x'))
    expect([...file.content]).toEqual([...Buffer.from('ab\0\0x')])
  })

  it('reads nothing beyond its end', () => {
    const file = fileAt(createFiles(), 'file')
    file.write(0, Buffer.from('abc'))
    const target = new Uint8Array(4)
    expect(file.read(2, target)).toBe(1)
    expect(file.read(3, target)).toBe(0)
    expect(file.read(2 ** 50, target)).toBe(0)
  })
})

describe('an input', () => {
  it('is there, with the folders above it', () => {
    const files = withInput()
    expect(fileAt(files, 'set/in/side').size).toBe(10)
    expect(fileAt(files, 'single').size).toBe(5)
  })

  it('may be a folder with nothing in it', () => {
    const files = createFiles()
    files.placeInput('empty', new Map())
    expect(folderAt(files, 'empty').entries.size).toBe(0)
  })

  it.each([
    ['removed', (files: FileSystem) => files.unlink(files.root, 'single')],
    ['removed within', (files: FileSystem) => files.unlink(files.root, 'set/in/side')],
    ['added to', (files: FileSystem) => files.openOrCreate(files.root, 'set/in/new', false)],
    ['given a folder', (files: FileSystem) => files.createFolder(files.root, 'set/new')],
    ['moved', (files: FileSystem) => rename(files, 'set', 'other')],
    ['moved out of', (files: FileSystem) => rename(files, 'set/in/side', 'other')],
    ['moved into', (files: FileSystem) => rename(files, 'a/b/c.txt', 'set/in/side')],
    ['moved over', (files: FileSystem) => rename(files, 'a/b/c.txt', 'single')]
  ])('cannot be %s', (_what, change) => {
    const files = withInput()
    expect(errnoOf(() => change(files))).toBe(ERRNO.rofs)
    expect(fileAt(files, 'set/in/side').size).toBe(10)
    expect(fileAt(files, 'single').size).toBe(5)
  })

  it('counts as its files do', () => {
    const files = createFiles(100)
    const tooLarge = (): void => files.placeInput('in', new Map([['', new Uint8Array(100)]]))
    expect(errnoOf(tooLarge)).toBe(ERRNO.nospc)
    expect(files.lack).toBe('bytes')
  })
})
