/** Texts of strangers: what of them a terminal gets to see. */
import { describe, expect, test } from 'vitest'
import { printable, printableJson, printableLines } from '../../../src/core/plain-text.ts'

describe('text of strangers', () => {
  test.each([
    ['red stays', '\u001b[31mred\u001b[39m', '\u001b[31mred\u001b[39m'],
    ['nothing is hidden', 'a\u001b[8mb', 'a·[8mb'],
    ['nothing runs backwards', 'a\u202Etxt.exe', 'a·txt.exe'],
    ['no line is gone back in', 'a\rb\u0007', 'a·b·'],
    ['no line is begun', 'a\nroot ok', 'a·root ok'],
    ['no line is begun by another letter', 'a\u2028b\u0085c', 'a·b·c'],
    ['the one-letter escape is none', 'a\u009b2Jb', 'a·2Jb'],
    ['no title is set', '\u001b]0;mine\u0007', '·]0;mine·'],
    ['nothing is there unseen', 'wor\u200bker\ufeff\u2060', 'wor·ker··'],
    ['no tags are there unseen', `a${String.fromCodePoint(0xe0041)}b`, 'a·b'],
    ['letters of all scripts stay', 'Größe — 名前 👩‍💻', 'Größe — 名前 👩‍💻']
  ])('%s', (_name, text, shown) => {
    expect(printable(text)).toBe(shown)
  })

  test('of several lines keeps lines and tabs, and no more', () => {
    expect(printableLines('a\tb\r\nc\u001b[2J')).toBe('a\tb\nc·[2J')
  })
})

test('JSON says the same in letters that a terminal shows as they are', () => {
  const value = { text: 'a\u009b2J\u202e\u007f\u2028\u001b[2J', same: 'Größe' }
  const json = printableJson(JSON.stringify(value))
  expect(JSON.parse(json)).toEqual(value)
  expect(printable(json)).toBe(json)
})
