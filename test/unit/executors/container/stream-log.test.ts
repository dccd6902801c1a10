import { expect, test } from 'vitest'
import { stdoutOf } from '../../../../src/executors/container/stream-log.ts'

const TIME = '2026-11-21T10:00:00.000000000+00:00'

test('standard output is put together again, byte by byte', () => {
  const log = Buffer.concat([
    Buffer.from(`${TIME} stdout F one\n`),
    Buffer.from(`${TIME} stderr F not this\n`),
    Buffer.from(`${TIME} stdout P two and `),
    Buffer.from([0, 255, 13]),
    Buffer.from(`\n${TIME} stdout F \n`),
    Buffer.from(`${TIME} stdout P the end\n`),
    Buffer.from('half a li')
  ])
  const expected = Buffer.concat([
    Buffer.from('one\ntwo and '),
    Buffer.from([0, 255, 13]),
    Buffer.from('\nthe end')
  ])
  expect(Buffer.from(stdoutOf(log))).toEqual(expected)
})

test.each(['', 'no log at all\n', `${TIME}\n`, '\n\n'])('of %j nothing is made', (text) => {
  expect(stdoutOf(Buffer.from(text))).toHaveLength(0)
})
