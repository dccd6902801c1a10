/** A process that claims a node's folder, says so, and holds it until it is killed. Started by tests of the lock. */
import { claimFolder } from '../../src/roles/node-folder.ts'

const [home = '', name] = process.argv.slice(2)
const { path } = claimFolder(home, name === '' ? undefined : name, 'worker')
process.stdout.write(`${path}\n`)
// Something has to keep it alive.
process.stdin.resume()
