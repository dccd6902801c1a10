/** From the tests to the API of a router that listens on the loopback of its own machine, where the tests are not. */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onceOver } from '../support/spawn-taskmesh.ts'
import type { AddressInfo } from 'node:net'
import type { Host } from './host.ts'

const DOOR = fileURLToPath(new URL('programs/door.ts', import.meta.url))

let doorCount = 0

/** @returns the address by which the tests reach it */
export async function openDoor(host: Host, port: number): Promise<string> {
  doorCount += 1
  const path = join(host.home, `door-${doorCount}`)
  const door = host.startScript(DOOR, path, `${port}`)
  await door.until(() => door.stdout.includes('open'), 'door')
  const server = createServer((caller) => {
    const callee = connect(path)
    caller.on('error', () => callee.destroy())
    callee.on('error', () => caller.destroy())
    caller.pipe(callee).pipe(caller)
  }).listen(0, '127.0.0.1')
  onceOver(() => void server.close())
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
