/** Secrets in files: what is refused because somebody else may have put it there, and what is made private. */
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { MeshError } from '../../../src/core/errors.ts'
import { givenSecret, readSecret, writeSecret } from '../../../src/core/secret-file.ts'
import { openPrivateFolder, touchPrivateFile } from '../../../src/core/private-folder.ts'

const isRoot = process.geteuid?.() === 0
const NOBODY = 65_534

/** A home with a node's folder and its key. */
function nodeFolder(): { home: string; folder: string; file: string } {
  const top = mkdtempSync(join(tmpdir(), 'taskmesh-secret-'))
  onTestFinished(() => rmSync(top, { recursive: true }))
  const folder = join(top, 'home', 'worker')
  const file = join(folder, 'key')
  writeSecret(file, 'secret')
  return { home: join(top, 'home'), folder, file }
}

function errorOf(work: () => unknown): MeshError {
  try {
    work()
  } catch (cause) {
    if (cause instanceof MeshError) return cause
    throw cause
  }
  throw new Error('nothing was thrown')
}

const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8)

describe('a secret of ours', () => {
  test('is private whatever the umask, and its folders are', () => {
    const umask = process.umask(0)
    try {
      const { file, folder, home } = nodeFolder()
      expect([home, folder, file].map(modeOf)).toEqual(['700', '700', '600'])
      expect(Buffer.from(readSecret(file) ?? []).toString()).toBe('secret')
    } finally {
      process.umask(umask)
    }
  })

  test('loses the right to read that others have', () => {
    const { file } = nodeFolder()
    chmodSync(file, 0o644)
    readSecret(file)
    expect(modeOf(file)).toBe('600')
  })

  test('that is not there is undefined', () => {
    expect(readSecret(join(nodeFolder().folder, 'other'))).toBeUndefined()
  })

  test.each<[string, (at: ReturnType<typeof nodeFolder>) => void, RegExp]>([
    ['others may write to it', ({ file }) => chmodSync(file, 0o620), /may have changed it/],
    [
      'others may write in its folder',
      ({ folder }) => chmodSync(folder, 0o770),
      /chmod go-w .*worker$/
    ],
    ['others may write in the home', ({ home }) => chmodSync(home, 0o777), /chmod go-w .*home$/],
    [
      'it has a second name',
      ({ file, home }) => linkSync(file, join(home, 'second')),
      /second name elsewhere/
    ],
    [
      'it is a link',
      ({ file, home }) => {
        rmSync(file)
        writeFileSync(join(home, 'theirs'), 'x', { mode: 0o600 })
        symlinkSync(join(home, 'theirs'), file)
      },
      /is a symbolic link/
    ],
    [
      'it is no file',
      ({ file }) => {
        rmSync(file)
        mkdirSync(file)
      },
      /no plain file/
    ]
  ])('is refused where %s', (_name, spoil, said) => {
    const at = nodeFolder()
    spoil(at)
    const { code, hint, message } = errorOf(() => readSecret(at.file))
    expect(code).toBe('IDENTITY_UNUSABLE')
    expect(`${message} ${hint}`).toMatch(said)
  })

  test.runIf(isRoot).each<[string, keyof ReturnType<typeof nodeFolder>]>([
    ['the file', 'file'],
    ['its folder', 'folder']
  ])('is refused where %s belongs to another user', (_name, what) => {
    const at = nodeFolder()
    chownSync(at[what], NOBODY, NOBODY)
    expect(errorOf(() => readSecret(at.file))).toMatchObject({
      code: 'IDENTITY_UNUSABLE',
      message: expect.stringContaining(`another user (uid ${NOBODY})`)
    })
  })

  test.runIf(isRoot)('lies well, for root, in a home of another user', () => {
    const { file, home } = nodeFolder()
    chownSync(home, NOBODY, NOBODY)
    expect(readSecret(file)).toBeDefined()
  })

  test('lies well in a folder of one’s own in a shared one, as /tmp is one', () => {
    const { file, home } = nodeFolder()
    chmodSync(home, 0o1777)
    expect(readSecret(file)).toBeDefined()
  })

  test('is not written through a link that somebody has laid for it', () => {
    const { file, home } = nodeFolder()
    symlinkSync(join(home, 'theirs'), `${file}.new`)
    writeSecret(file, 'new')
    expect(existsSync(join(home, 'theirs'))).toBe(false)
    expect(lstatSync(file).isFile()).toBe(true)
  })
})

describe('private places', () => {
  test('a folder that others could look into is closed', () => {
    const { folder } = nodeFolder()
    chmodSync(folder, 0o755)
    openPrivateFolder(folder)
    expect(modeOf(folder)).toBe('700')
  })

  test('a file is made or kept, and private', () => {
    const file = join(nodeFolder().folder, 'lock')
    writeFileSync(file, 'kept', { mode: 0o666 })
    touchPrivateFile(file)
    expect([modeOf(file), statSync(file).size]).toEqual(['600', 4])
  })
})

describe('a secret as a person gives it', () => {
  test('is itself, or what a file holds', () => {
    const { file } = nodeFolder()
    writeFileSync(file, 'from a file\n', { mode: 0o600 })
    chmodSync(file, 0o444)
    expect(givenSecret('typed ', '--token')).toBe('typed')
    expect(givenSecret(`@${file}`, '--token')).toBe('from a file')
  })

  test.each<[string, (file: string) => void]>([
    ['is not there', (file) => rmSync(file)],
    ['is empty', (file) => writeFileSync(file, '\n')],
    ['may be written by others', (file) => chmodSync(file, 0o666)],
    ['is too long', (file) => writeFileSync(file, 'x'.repeat(65_537))]
  ])('is refused where its file %s', (_name, spoil) => {
    const { file } = nodeFolder()
    spoil(file)
    const error = errorOf(() => givenSecret(`@${file}`, 'TASKMESH_TOKEN'))
    expect(error).toMatchObject({ code: 'FIELD_INVALID', path: 'TASKMESH_TOKEN' })
  })
})
