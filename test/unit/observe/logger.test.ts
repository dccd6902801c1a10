/** Logs: no line holds a secret or steers a terminal, whatever was logged. */
import { describe, expect, test } from 'vitest'
import { MeshError } from '../../../src/core/errors.ts'
import { createLogger } from '../../../src/observe/logger.ts'
import { printableLines } from '../../../src/core/plain-text.ts'
import type { Logger } from '../../../src/observe/logger.ts'

const SECRET = 'correct-horse-"battery"'
const SIGNED = `eyJhbGciOiJFZERTQSJ9.${'a1'.repeat(20)}.${'Zz09'.repeat(12)}`
const HOSTILE = 'agent\u001b[2J\u009b31m\u202e\r\u0007'

function linesOf(format: 'json' | 'pretty', work: (logger: Logger) => void): string {
  const lines: string[] = []
  work(createLogger({ format, secrets: [SECRET], write: (line) => lines.push(line) }))
  return lines.join('')
}

describe.each(['json', 'pretty'] as const)('%s', (format) => {
  test.each<[string, (logger: Logger) => void]>([
    ['a field by its name', (logger) => logger.info({ token: 'abc-123' }, 'x')],
    ['a field in a field', (logger) => logger.info({ a: { b: { token: 'abc-123' } } }, 'x')],
    ['a header', (logger) => logger.info({ headers: { authorization: 'abc-123' } }, 'x')],
    ['a field of a child', (logger) => logger.child({ privateKey: 'abc-123' }).info('x')],
    ['a value of a setting', (logger) => logger.info({ setting: SECRET }, 'x')],
    ['the message itself', (logger) => logger.info(`x ${SECRET}`)],
    ['an error', (logger) => logger.warn({ err: new Error(`no ${SECRET}`) }, 'x')],
    [
      'the cause of an error',
      (logger) =>
        logger.warn({ err: new MeshError('INTERNAL', 'x', { cause: new Error(SECRET) }) }, 'x')
    ],
    ['an address', (logger) => logger.info({ admit: 'https://me:abc-123@host' }, 'x')],
    ['a signed text', (logger) => logger.info({ err: new Error(SIGNED) }, 'x')]
  ])('a secret is taken out: %s', (_name, work) => {
    const text = linesOf(format, work)
    expect(text).toContain('(secret)')
    for (const secret of ['abc-123', 'correct-horse', SIGNED]) expect(text).not.toContain(secret)
  })

  test('words of strangers neither steer a terminal nor begin a line', () => {
    const text = linesOf(format, (logger) => {
      logger.info({ agent: `${HOSTILE}\n[00:00:00] INFO: all is well` }, 'x')
      logger.warn({ err: new Error(`${HOSTILE}\n[00:00:00] INFO: all is well`) }, 'x')
    })
    expect(printableLines(text)).toBe(text)
    expect(text).not.toMatch(/^\[00:00:00\] INFO: all/m)
  })
})
