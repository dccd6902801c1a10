/** The little language of conditions on workers. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { isFulfilled, parseRequirement } from '../../../src/model/requirement.ts'

const facts = {
  zone: 'home',
  cores: 8,
  arch: 'arm64',
  'a.b-c_d': 'x',
  text: 'two words',
  'isolation.wasm': 'sandbox',
  'isolation.function': 'thread',
  'enforces.process.cpu': 'yes'
}
const holds = (text: string): boolean => isFulfilled(parseRequirement(text, 'p'), facts)

test.each([
  ['zone = home', true],
  ['zone=office', false],
  ['  zone  !=  office  ', true],
  ['missing != x', true],
  ['missing = x', false],
  ['text = two words', true],
  ['a.b-c_d = x', true],
  ['arch in (x64, arm64)', true],
  ['arch in(x64)', false],
  ['missing in (x)', false],
  ['exists zone', true],
  ['exists missing', false],
  ['!missing', true],
  ['! zone', false],
  ['cores >= 8', true],
  ['cores > 8', false],
  ['cores < 8.5', true],
  ['cores <= 7', false],
  ['zone > 3', false],
  ['missing > 3', false],
  ['cores = 8', true],
  ['isolation.wasm >= sandbox', true],
  ['isolation.wasm >= container', true],
  ['isolation.wasm > sandbox', false],
  ['isolation.wasm = container', false],
  ['isolation.function >= sandbox', false],
  ['isolation.function > none', true],
  ['isolation.function in (thread, sandbox)', true],
  ['isolation.process >= none', false],
  ['exists enforces.process.cpu', true],
  ['enforces.process.cpu = yes', true],
  ['enforces.process.cpu != yes', false],
  ['enforces.process.cpu in (yes)', true],
  ['!enforces.process.gpu', true],
  ['exists enforces.process.gpu', false],
  ['exists = 3', false],
  ['constructor = x', false],
  ['exists toString', false]
])('%s: %s', (text, expected) => {
  expect(holds(text)).toBe(expected)
})

test.each([
  ['exists enforces.memroy', '"memroy"', 'did you mean "memory"? known: cpu, memory, disk, gpu'],
  ['!enforces.ram', '"ram"', 'known: cpu, memory, disk, gpu'],
  ['enforces.proces.cpu = yes', '"proces" in', 'did you mean "process"?'],
  ['enforces.process.cpu = true', '"true" in', 'known: yes'],
  ['enforces.process.cpu.more = yes', '"process.cpu" in', 'known: builtin'],
  ['isolation >= sandobx', '"sandobx" in', 'did you mean "sandbox"? known: none, thread'],
  ['isolation in (sandbox, strong)', '"strong" in', 'known: none, thread, sandbox, container'],
  ['isolation.javascrpt = sandbox', '"javascrpt" in', 'did you mean "javascript"?']
])('%j is refused, as no worker could ever say it', (text, words, hint) => {
  expect(() => parseRequirement(text, 'where.require[0]')).toThrow(
    expect.objectContaining({
      code: 'FIELD_INVALID',
      path: 'where.require[0]',
      message: expect.stringContaining(words) as string,
      hint: expect.stringContaining(hint) as string
    })
  )
})

test.each([
  'isolation >= 2',
  'isolation = strong',
  '',
  'zone',
  '= home',
  'zone =',
  'zone == home',
  'zone => 3',
  'cores > many',
  'arch in ()',
  'arch in (a,,b)',
  'arch in (a',
  '9x = y',
  'exists',
  '!',
  'a b = c',
  'zone <> home',
  'zone = a\nb'
])('%j is no condition', (text) => {
  expect(() => parseRequirement(text, 'where.require[0]')).toThrow(
    expect.objectContaining({ code: 'FIELD_INVALID', path: 'where.require[0]' })
  )
})

const key = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_.-]{0,10}$/)
const word = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,10}$/)

test('what is written is what is meant, whatever the spaces', () => {
  fc.assert(
    fc.property(key, word, fc.constantFrom('', ' ', '  '), (name, value, space) => {
      const own = { [name]: value }
      const fulfils = (text: string): boolean => isFulfilled(parseRequirement(text, 'p'), own)
      expect(fulfils(`${name}${space}=${space}${value}`)).toBe(true)
      expect(fulfils(`${name}${space}!=${space}${value}`)).toBe(false)
      expect(fulfils(`${name} in${space}(other,${space}${value})`)).toBe(true)
      expect(fulfils(`exists ${name}`)).toBe(true)
      expect(fulfils(`!${space}${name}`)).toBe(false)
      expect(parseRequirement(` ${name} = ${value} `, 'p').text).toBe(`${name} = ${value}`)
    })
  )
})

test('numbers compare as numbers', () => {
  const number = fc.double({ noNaN: true, noDefaultInfinity: true })
  fc.assert(
    fc.property(number, number, (fact, value) => {
      const compare = (sign: string): boolean =>
        isFulfilled(parseRequirement(`k ${sign} ${value}`, 'p'), { k: fact })
      expect([compare('>'), compare('>='), compare('<'), compare('<=')]).toEqual([
        fact > value,
        fact >= value,
        fact < value,
        fact <= value
      ])
    })
  )
})

const LETTERS = ['a', 'b', ' ', '=', '!', '<', '>', '(', ')', ',', '.', '\t', '\n', 'in']

test('no text takes long or fails otherwise than by its code', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...LETTERS), maxLength: 300 }), (text) => {
      expect([undefined, 'FIELD_INVALID']).toContain(codeOf(text))
    })
  )
})

/** Of the refusal, if it is one. */
function codeOf(text: string): unknown {
  try {
    parseRequirement(text, 'p')
    return undefined
  } catch (cause) {
    return (cause as { code?: unknown }).code ?? cause
  }
}
