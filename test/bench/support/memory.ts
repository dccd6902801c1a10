/** What a process holds, once what it does not need is gone. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

export function collectGarbage(): void {
  // What finalizers let go of falls to the second one.
  gc()
  gc()
}
