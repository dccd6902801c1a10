/** A node survives what libp2p throws where nobody can catch it, and nothing else that nobody foresaw. */
import { expect, test } from 'vitest'
import { startTaskmesh, taskmesh, temporaryHome } from '../support/spawn-taskmesh.ts'

/** Makes the process throw an error of that name from nowhere, when it gets SIGUSR2. */
function throwing(name: string): Record<string, string> {
  const code = `process.on('SIGUSR2',()=>{const e=new Error('thrown by a listener');e.name='${name}';throw e})`
  return { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(code)}` }
}

test('the end of a connection does not end the node', async () => {
  const env = { TASKMESH_HOME: temporaryHome(), ...throwing('StreamStateError') }
  const node = startTaskmesh(['bootstrap', '--json', '--listen', '/ip4/127.0.0.1/tcp/0'], { env })
  const { addresses } = await node.report()
  node.process.kill('SIGUSR2')
  await node.until(() => node.stderr.includes('warning: a connection ended'), 'warning')
  const dial = await taskmesh(['dial', addresses[0] ?? '', '--json'])
  expect(dial.code).toBe(0)
  expect(await node.stop()).toBe(0)
})

test('a mistake of ours ends it with one line that names it', async () => {
  const env = { TASKMESH_HOME: temporaryHome(), ...throwing('TypeError') }
  const node = startTaskmesh(['bootstrap', '--json', '--listen', '/ip4/127.0.0.1/tcp/0'], { env })
  await node.report()
  node.process.kill('SIGUSR2')
  expect(await node.ended()).toBe(1)
  expect(node.stderr).toContain('thrown by a listener')
})
