/** Which router commands believe to be their own user's: they send it jobs, and what a job is started with. */
import { chmodSync, renameSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { homeOf } from '../../support/api-with-home.ts'
import { livingNodes } from '../../../src/cli/router-connection.ts'

const URL_SAID = 'http://127.0.0.1:1'

test.each([
  ['api.json that nobody else could have written', (_file: string) => {}, [URL_SAID]],
  ['api.json that others may write', (file: string) => chmodSync(file, 0o666), []],
  ['folder that others may write in', (file: string) => chmodSync(join(file, '..'), 0o777), []],
  [
    'api.json that is a link',
    (file: string) => {
      renameSync(file, `${file}.elsewhere`)
      symlinkSync(`${file}.elsewhere`, file)
    },
    []
  ]
])('of an %s', (_name, change, expected) => {
  const home = homeOf({ url: URL_SAID })
  change(join(home, 'router-0', 'api.json'))
  expect(livingNodes(home).map(({ url }) => url)).toEqual(expected)
})
