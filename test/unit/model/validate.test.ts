import { runInNewContext } from 'node:vm'
import { setFlagsFromString } from 'node:v8'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { validatorFor } from '../../../src/model/validate.ts'

/** Only a weak reference to it goes out of here. */
function refused(check: (value: unknown) => unknown): WeakRef<object> {
  const value = { command: 7, params: Array.from({ length: 1_000 }, () => ({})) }
  expect(() => check(value)).toThrow('is missing')
  return new WeakRef(value)
}

test('a value that was refused is not kept', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const value = refused(validatorFor('envelope#/$defs/request'))
  await sleep(0)
  collect()
  expect(value.deref()).toBeUndefined()
})
