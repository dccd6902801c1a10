/** Secrets of real nodes: in files, words and environments, as others on the machine see them. */
import { existsSync, lstatSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { commandLineOf } from '../../src/cli/process-facts.ts'
import { startTaskmesh, taskmesh, temporaryHome } from '../support/spawn-taskmesh.ts'
import type { SpawnInit } from '../support/spawn-taskmesh.ts'
import type { RunningTaskmesh } from '../support/running-taskmesh.ts'

const SECRET = 'correct-horse-battery-staple'
const SYSTEM_NODE = '/usr/bin/node'
const LOOPBACK = '/ip4/127.0.0.1/tcp/0'

/** Processes are started with the umask that we have at that moment. */
function withoutUmask<T>(work: () => T): T {
  const umask = process.umask(0)
  try {
    return work()
  } finally {
    process.umask(umask)
  }
}

/** What others have rights on; not below a folder that they can't enter for their tasks' sake. */
function openPlaces(folder: string, top = folder): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    const own = (lstatSync(path).mode & 0o077) === 0 ? [] : [relative(top, path)]
    return entry.isDirectory() ? [...own, ...openPlaces(path, top)] : own
  })
}

function descendantsOf(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' ')
  )
  const own = children.filter((text) => text !== '').map(Number)
  return [...own, ...own.flatMap(descendantsOf)]
}

function startRole(words: readonly string[], init: SpawnInit): RunningTaskmesh {
  const common = ['--json', '--listen', LOOPBACK]
  return withoutUmask(() => startTaskmesh([...words, ...common], init))
}

test.runIf(process.platform === 'linux')(
  'a mesh that was started without a umask, with secrets in its words and variables, shows none of it',
  async () => {
    const home = temporaryHome()
    const env = { TASKMESH_HOME: home }
    const bootstrap = startRole(['bootstrap'], { env })
    const [address = ''] = (await bootstrap.report()).addresses
    const way = ['--bootstrap', address]
    const admit = { TASKMESH_ADMIT: `https://me:${SECRET}@127.0.0.1:1/` }
    const worker = startRole(['worker', ...way], { env: { ...env, ...admit } })
    const apiWords = ['--http', '127.0.0.1:0', '--log-level', 'trace', '--token', SECRET]
    // Where it is started by an older Node it is two processes.
    const node = existsSync(SYSTEM_NODE) ? SYSTEM_NODE : process.execPath
    const router = startRole(['router', ...way, ...apiWords], { env, node })
    const [{ http = '', pid: routerPid }] = await Promise.all([router.report(), worker.report()])

    const token = join(home, 'token')
    writeFileSync(token, `${SECRET}\n`, { mode: 0o600 })
    const api = ['--api', http, '--token', `@${token}`]
    const job = ['run', 'javascript', '-', '--queue-timeout', '1s', ...api]
    const [added] = await Promise.all([
      taskmesh(['files', 'add', 'package.json', ...api]),
      taskmesh(job, { stdin: 'export default () => 1' })
    ])
    expect(added.code).toBe(0)

    // Tasks of other users read their inputs there; nobody gets into the folder around it.
    expect(openPlaces(home).filter((path) => path !== 'worker/inputs')).toEqual([])

    expect(commandLineOf(router.process.pid ?? 0).join(' ')).not.toContain(SECRET)
    expect(commandLineOf(routerPid).join(' ')).toContain('--token (secret) --json')
    const children = [worker.process.pid ?? 0, routerPid].flatMap(descendantsOf)
    expect(children.length).toBeGreaterThan(0)
    const inherited = children.map((child) => readFileSync(`/proc/${child}/environ`, 'utf8'))
    expect(inherited.join('')).not.toMatch(/TASKMESH_|correct-horse/)

    const doctor = await taskmesh(['doctor', '--json', '--home', home])
    expect(doctor.stdout).toContain('router was started with --token on the command line')
    expect(doctor.stdout).not.toContain('have rights on')

    for (const { stderr, stdout } of [bootstrap, worker, router]) {
      expect(`${stdout}${stderr}`).not.toContain('correct-horse')
    }
  }
)
