import { expect, test } from 'vitest'
import {
  checkFileName,
  findClash,
  nameFault,
  pathFault,
  toSafeName
} from '../../../src/model/safe-name.ts'

test.each([
  ['', 'empty'],
  ['.', 'folder'],
  ['..', 'folder'],
  ['a/b', 'one of'],
  ['a\\b', 'one of'],
  ['C:', 'one of'],
  ['a\0', 'do not show'],
  ['a\nb', 'do not show'],
  ['a\u0085b', 'do not show'],
  ['exe.\u202Etxt', 'do not show'],
  ['a\ud800', 'no Unicode'],
  ['a.', 'ends in'],
  ['a ', 'ends in'],
  ['con', 'device'],
  ['Aux.c', 'device'],
  ['LPT1.tar.gz', 'device'],
  ['com¹', 'device'],
  ['ä'.repeat(128), 'longer']
])('the name %j is refused', (name, why) => {
  expect(nameFault(name)).toContain(why)
  expect(() => checkFileName(name, 'dn')).toThrow('dn is not a name for a file')
  expect(nameFault(toSafeName(name))).toBeUndefined()
})

test.each(['a', '.bashrc', 'console', 'com10', 'a b.txt', 'ä'.repeat(127), '日本語', 'a..b', '~'])(
  'the name %j is taken as it is',
  (name) => {
    expect(nameFault(name)).toBeUndefined()
    expect(toSafeName(name)).toBe(name)
  }
)

test('a long name is cut before its ending', () => {
  expect(toSafeName(`${'a'.repeat(300)}.tar`)).toBe(`${'a'.repeat(251)}.tar`)
  expect(toSafeName(`a.${'b'.repeat(300)}`)).toHaveLength(255)
})

test.each([
  '/etc/passwd',
  '../a',
  'a/../b',
  'a//b',
  'a/',
  './a',
  'a/nul/b',
  `${'a/'.repeat(600)}b`
])('the path %j is refused', (path) => {
  expect(pathFault(path)).toBeTypeOf('string')
})

test.each([
  [['a/b', 'a/c', 'b'], undefined],
  [
    ['readme', 'README'],
    ['README', 'readme']
  ],
  [
    ['caf\u00e9', 'cafe\u0301'],
    ['cafe\u0301', 'caf\u00e9']
  ],
  [
    ['stra\u00dfe', 'STRASSE'],
    ['STRASSE', 'stra\u00dfe']
  ],
  [
    ['a', 'A/b'],
    ['A/b', 'a']
  ],
  [
    ['a/b', 'a'],
    ['a', 'a/b'.slice(0, 1)]
  ],
  [
    ['Src/a', 'src/b'],
    ['src/b', 'Src']
  ],
  [
    ['a', 'a'],
    ['a', 'a']
  ],
  [
    ['a/b', 'a-c', 'A'],
    ['A', 'a']
  ],
  [
    ['x/stra\u00dfe/a', 'x/b', 'x/STRASSE/b'],
    ['x/STRASSE/b', 'x/stra\u00dfe']
  ]
])('of the paths %j, those that clash are found', (paths, found) => {
  const clash = findClash(paths)
  expect(clash === undefined ? undefined : [clash.path, clash.other]).toEqual(found)
})

test('a name of dots without end is judged in the time that its length explains', () => {
  // Tried from each of them, it would take hours.
  const name = `${'.'.repeat(2_000_000)}a`
  expect(nameFault(name)).toContain('longer')
  expect(nameFault(toSafeName(name))).toBeUndefined()
  expect(nameFault('a. . .')).toContain('ends in')
})
