/** `taskmesh dashboard`: the address of a node's pages, with what opens them behind the #. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { dashboardAddress } from '../../../src/cli/commands/dashboard.ts'
import { runInProcess } from '../../support/fake-terminal.ts'

type Role = 'monitor' | 'router'

/** With the files of nodes that live as long as this process. */
function homeWith(nodes: Record<string, Role>): Record<string, string> {
  const home = mkdtempSync(join(tmpdir(), 'dashboard-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  for (const [index, [name, role]] of Object.entries(nodes).entries()) {
    mkdirSync(join(home, name), { mode: 0o700 })
    const facts = {
      role,
      url: `http://127.0.0.1:${7_000 + index}`,
      token: `t/${name}`,
      pid: process.pid
    }
    writeFileSync(join(home, name, 'api.json'), JSON.stringify(facts), { mode: 0o600 })
  }
  return { TASKMESH_HOME: home }
}

const run = (env: Record<string, string>, ...words: string[]) =>
  runInProcess(['dashboard', ...words], { env })

test('of the router, even beside a monitor; of the monitor where it is alone or named', async () => {
  const both = homeWith({ router: 'router', monitor: 'monitor' })
  expect((await run(both)).stdout).toBe('http://127.0.0.1:7000/#token=t%2Frouter\n')
  const named = await run(both, '--name', 'monitor')
  expect(named.stdout).toBe('http://127.0.0.1:7001/#token=t%2Fmonitor\n')
  const alone = await run(homeWith({ monitor: 'monitor' }))
  expect(alone.stdout).toBe('http://127.0.0.1:7000/#token=t%2Fmonitor\n')
})

test('of one elsewhere with the token that is given', async () => {
  const { stdout } = await run({}, '--api', 'https://router.example:51880', '--token', 'abc')
  expect(stdout).toBe('https://router.example:51880/#token=abc\n')
})

test('a name that nobody has says who is there', async () => {
  const { code, stderr } = await run(homeWith({ 'router-2': 'router' }), '--name', 'router')
  expect(code).not.toBe(0)
  expect(stderr).toContain('no router or monitor "router" runs here')
  expect(stderr).toContain('here run router-2')
})

test('several routers must be told apart', async () => {
  const { stderr } = await run(homeWith({ one: 'router', two: 'router' }))
  expect(stderr).toContain('2 routers run here')
})

test('without a token there is none in the address', () => {
  expect(dashboardAddress('http://a:1/', undefined)).toBe('http://a:1/')
})
