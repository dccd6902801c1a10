/**
 * A process that claims a node's folder, says so, and holds it until it is killed. Started by tests of the lock.
 * It lets go of all that it need not keep first: a lock is not to end with a collection of garbage.
 */
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { claimFolder } from '../../src/roles/node-folder.ts'

const [home = '', name] = process.argv.slice(2)
const { path } = claimFolder(home, name === '' ? undefined : name, 'worker')
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
collect()
// What was collected is closed in a later turn.
await setImmediate()
collect()
process.stdout.write(`${path}\n`)
// Something has to keep it alive.
process.stdin.resume()
