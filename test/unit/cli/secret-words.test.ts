/** Secrets in the words and the environment of the command line. */
import { describe, expect, test } from 'vitest'
import { secretTexts, shownWords, takeEnvironment } from '../../../src/cli/secret-words.ts'

describe('words as others may see them', () => {
  test.each([
    [
      ['worker', '--join', 'abc', '--slots', '2'],
      ['worker', '--join', '(secret)', '--slots', '2']
    ],
    [
      ['router', '--token=abc'],
      ['router', '--token=(secret)']
    ],
    [
      ['worker', '--admit', 'https://me:pw@host'],
      ['worker', '--admit', 'https://(secret)@host']
    ],
    [['worker', '--join', '@FILE', '--token=@FILE'], undefined],
    [['worker', '--slots', '2'], undefined]
  ])('%j', (words, shown) => {
    expect(shownWords(words)).toEqual(shown)
  })
})

test('secrets are those that were typed or set, and no names of files', () => {
  const words = ['--token', 'typed', '--join=@FILE']
  expect(secretTexts(words, { TASKMESH_JOIN: 'set', TASKMESH_HOME: '/x' })).toEqual([
    'typed',
    'set'
  ])
})

test('what was set for us is not left for others', () => {
  const env: NodeJS.ProcessEnv = { PATH: '/bin', TASKMESH_TOKEN: 'x', TASKMESH_HOME: '/x' }
  expect(takeEnvironment(env)).toEqual({ PATH: '/bin', TASKMESH_TOKEN: 'x', TASKMESH_HOME: '/x' })
  expect(env).toEqual({ PATH: '/bin' })
})
