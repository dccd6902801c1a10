/** Folders that are shared by real processes, and fetched by others, whatever ends in between. */
import { createHash, randomBytes } from 'node:crypto'
import { spawn } from 'node:child_process'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { BINARY } from '../support/running-taskmesh.ts'
import { startTaskmesh, temporaryHome } from '../support/spawn-taskmesh.ts'
import { runInProcess } from '../support/fake-terminal.ts'
import { until } from '../support/until.ts'
import type { CliRun } from '../support/fake-terminal.ts'
import type { RunningTaskmesh } from '../support/running-taskmesh.ts'

const MIB = 2 ** 20

interface SharedEvent {
  event: 'shared'
  files: number
  hashed_files: number
  link: string | null
}

interface FileEvent {
  event: 'file'
  id: string
  name: string
  link: string
}

interface Sharer {
  process: RunningTaskmesh
  peer: string
  links: Map<string, string>
  shared: SharedEvent[]
}

interface GetReport {
  files: { id: string; kind: string; path: string; size: number; was_there: boolean }[]
  fetched_bytes: number
  resumed_bytes: number
  peers: { peer: string; state: string; bytes: number; reason: string | null }[]
}

/** Dated back, so that nobody waits until its writer is surely done. */
function put(folder: string, path: string, bytes: Uint8Array | string): void {
  const file = join(folder, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, bytes)
  utimesSync(file, 1_700_000_000, 1_700_000_000)
}

/** Waits until so many files are offered. */
async function share(folder: string, home: string, ...flags: string[]): Promise<Sharer> {
  const words = ['share', folder, '--json', '--log-level', 'warn', ...flags]
  const process = startTaskmesh(words, { env: { TASKMESH_HOME: home } })
  const { peer_id: peer } = await process.report()
  const events = (): (SharedEvent | FileEvent)[] =>
    process.stdout
      .split('\n')
      .slice(1, -1)
      .map((line) => JSON.parse(line) as SharedEvent | FileEvent)
  await process.until(() => events().some(({ event }) => event === 'shared'), 'shared folder')
  const links = new Map<string, string>()
  for (const event of events()) if (event.event === 'file') links.set(event.name, event.link)
  const shared = events().filter((event) => event.event === 'shared')
  links.set('/', shared[0]?.link ?? '')
  return { process, peer, links, shared }
}

function linkOf({ links }: Sharer, name: string): string {
  const link = links.get(name)
  if (link === undefined) throw new Error(`${name} has no link`)
  return link
}

/** All of them in one link. */
function joined(links: readonly string[]): string {
  const peers = links.flatMap((link) => link.split('&').filter((part) => part.startsWith('peer=')))
  return [
    ...(links[0] ?? '').split('&').filter((part) => !part.startsWith('peer=')),
    ...peers
  ].join('&')
}

/** A process of its own, as a user starts it: for what only that can show. */
function get(words: readonly string[], cwd: string): RunningTaskmesh {
  return startTaskmesh(['files', 'get', ...words], { cwd, env: environment(cwd) })
}

/** The same command in this process, which takes a tenth of the time. */
async function getHere(words: readonly string[], cwd: string, place = '/'): Promise<CliRun> {
  const all = ['files', 'get', ...words, '--output', cwd + place]
  return await runInProcess(all, { env: environment(cwd) })
}

function environment(cwd: string): Record<string, string> {
  return { TASKMESH_HOME: join(cwd, '.home'), TASKMESH_API: 'http://127.0.0.1:9' }
}

async function report(running: RunningTaskmesh): Promise<GetReport> {
  const code = await running.ended()
  const { stderr, stdout } = running
  return reportOf({ code, stderr, stdout })
}

function reportOf({ code, stderr, stdout }: CliRun): GetReport {
  if (code !== 0) throw new Error(`exit ${code}: ${stderr}`)
  return JSON.parse(stdout) as GetReport
}

async function refusal(words: readonly string[], cwd: string, place?: string): Promise<string> {
  const { code, stderr } = await getHere(words, cwd, place)
  expect(code).toBe(1)
  return stderr
}

/** What a run that goes on says at last of how far it is. */
function bytesSaid({ stderr }: RunningTaskmesh): number {
  const events = [...stderr.matchAll(/"event":"progress","bytes":(\d+)/g)]
  return Number(events.at(-1)?.[1] ?? 0)
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

test('a file comes by its link, is known when it is there, and is not overwritten unasked', async () => {
  const home = temporaryHome()
  const bytes = randomBytes(8 * MIB + 12_345)
  put(join(home, 'src'), 'data.bin', bytes)
  const sharer = await share(join(home, 'src'), join(home, 'sharer'))
  const link = linkOf(sharer, 'data.bin')
  const cwd = temporaryHome()
  const place = join(cwd, 'data.bin')

  expect(await report(get([link, '--json'], cwd))).toMatchObject({
    files: [{ kind: 'file', path: place, size: bytes.length, was_there: false }],
    fetched_bytes: bytes.length,
    peers: [{ peer: sharer.peer, bytes: bytes.length }]
  })
  expect(readFileSync(place).equals(bytes)).toBe(true)
  expect(readdirSync(cwd)).toEqual(['data.bin'])

  const again = reportOf(await getHere([link, '--json'], cwd))
  expect(again).toMatchObject({ files: [{ was_there: true }] })
  writeFileSync(place, 'mine')
  expect(await refusal([link], cwd)).toContain('is there already, with other content')
  expect(readFileSync(place, 'utf8')).toBe('mine')
  const forced = await getHere([link, '--force'], cwd)
  expect(forced.code).toBe(0)
  expect(forced.stderr).toContain(`from …${sharer.peer.slice(-6)}`)
  expect(readFileSync(place).equals(bytes)).toBe(true)

  // A link in the place of a file leads nowhere.
  writeFileSync(join(cwd, 'victim'), 'safe')
  symlinkSync(join(cwd, 'victim'), join(cwd, 'trap'))
  expect(await refusal([link], cwd, '/trap')).toContain('is no plain file')
  expect((await getHere([link, '--force'], cwd, '/trap')).code).toBe(0)
  expect(readFileSync(join(cwd, 'victim'), 'utf8')).toBe('safe')
  expect(lstatSync(join(cwd, 'trap')).isFile()).toBe(true)

  const pipe = spawn('sh', [
    '-c',
    `"$0" "$1" files get "$2" -o - -q | sha256sum`,
    process.execPath,
    BINARY,
    link
  ])
  let sum = ''
  pipe.stdout.on('data', (chunk) => (sum += String(chunk)))
  await new Promise((resolve) => pipe.once('close', resolve))
  expect(sum).toContain(sha256(bytes))
})

test('a share node that starts again hashes nothing again', async () => {
  const home = temporaryHome()
  for (const name of ['a', 'b', 'c']) put(join(home, 'src'), name, randomBytes(MIB))
  const first = await share(join(home, 'src'), join(home, 'sharer'))
  expect(first.shared[0]).toMatchObject({ files: 3, hashed_files: 3 })
  await first.process.stop()
  const second = await share(join(home, 'src'), join(home, 'sharer'))
  expect(second.shared[0]).toMatchObject({ files: 3, hashed_files: 0, link: expect.any(String) })
  put(join(home, 'src'), 'd', 'new')
  await until(
    'news of the new file',
    () => second.process.stdout,
    (text) => text.includes('"name":"d"')
  )
  await second.process.stop()
  // What is no longer named is no longer offered.
  put(join(home, 'other'), 'e', 'alone')
  const third = await share(join(home, 'other'), join(home, 'sharer'))
  expect([...third.links.keys()].toSorted()).toEqual(['/', 'e'])

  const env = { TASKMESH_HOME: join(home, 'fourth') }
  const missing = await runInProcess(['share', join(home, 'nowhere')], { env })
  expect(missing.code).toBe(1)
  expect(missing.stderr).toContain('nowhere cannot be shared')
})

test('three give at once, one dies, and the file is whole', async () => {
  const home = temporaryHome()
  const bytes = randomBytes(24 * MIB)
  const names = ['one', 'two', 'three']
  for (const name of names) put(join(home, name), 'data.bin', bytes)
  const sharers = await Promise.all(
    names.map((name) =>
      share(join(home, name), join(home, `${name}-home`), '--limit-rate-up', '3MiB')
    )
  )
  const cwd = temporaryHome()
  const link = joined(sharers.map((sharer) => linkOf(sharer, 'data.bin')))
  const running = get([link, '--json'], cwd)
  await running.until(() => bytesSaid(running) > 0, 'progress')
  sharers[0]?.process.process.kill('SIGKILL')
  const { fetched_bytes: fetched, peers } = await report(running)
  expect(readFileSync(join(cwd, 'data.bin')).equals(bytes)).toBe(true)
  expect(fetched).toBe(bytes.length)
  expect(peers.reduce((sum, peer) => sum + peer.bytes, 0)).toBe(bytes.length)
  const dead = peers.find(({ peer }) => peer === sharers[0]?.peer)
  expect(dead?.state).toMatch(/dropped|unreachable/)
  expect(dead?.reason).toEqual(expect.any(String))
  for (const { peer } of sharers.slice(1)) {
    expect(peers.find((given) => given.peer === peer)?.bytes).toBeGreaterThan(0)
  }
})

test('what was killed twice, and interrupted once, goes on where it was', async () => {
  const home = temporaryHome()
  const bytes = randomBytes(32 * MIB)
  put(join(home, 'src'), 'data.bin', bytes)
  const sharer = await share(join(home, 'src'), join(home, 'sharer'))
  const cwd = temporaryHome()
  const words = [linkOf(sharer, 'data.bin'), '--json']
  let saidBytes = 0
  /** Slow enough to be caught in the middle. */
  const begin = async (): Promise<RunningTaskmesh> => {
    const running = get([...words, '--limit-rate', '4MiB'], cwd)
    await running.until(() => bytesSaid(running) > saidBytes + 3 * MIB, 'progress')
    return running
  }
  for (let count = 0; count < 2; count += 1) {
    const running = await begin()
    // What was on its way to the disk may be lost.
    saidBytes = Math.max(0, bytesSaid(running) - 8 * MIB)
    running.process.kill('SIGKILL')
    await running.ended()
    expect(existsSync(join(cwd, 'data.bin'))).toBe(false)
  }
  const interrupted = await begin()
  expect(await refusal(words, cwd)).toContain('FILE_BUSY')
  saidBytes = bytesSaid(interrupted)
  interrupted.process.kill('SIGINT')
  expect(await interrupted.ended()).toBe(130)

  const end = reportOf(await getHere(words, cwd))
  expect(end.resumed_bytes).toBeGreaterThanOrEqual(saidBytes)
  expect(end.fetched_bytes + end.resumed_bytes).toBe(bytes.length)
  expect(readFileSync(join(cwd, 'data.bin')).equals(bytes)).toBe(true)
  expect(readdirSync(cwd)).toEqual(['data.bin'])
})

test('a folder with odd names comes whole, and through no link', async () => {
  const home = temporaryHome()
  const files: Record<string, string | Uint8Array> = {
    'empty.txt': '',
    '-rf': 'a dash',
    "it's 100% #1 & more.txt": 'quotes',
    'ünïcödé/日本語/😀.txt': 'letters',
    'deep/er/and/deeper/x': 'deep',
    'same-1': randomBytes(0x10000),
    'big.bin': randomBytes(3 * MIB)
  }
  files['copies/same-2'] = files['same-1'] ?? ''
  for (const [path, bytes] of Object.entries(files)) put(join(home, 'my src'), path, bytes)
  const sharer = await share(join(home, 'my src'), join(home, 'sharer'))
  const cwd = temporaryHome()
  const link = linkOf(sharer, '/')
  const expected = Object.entries(files).map(([path, bytes]) => [
    path,
    Buffer.from(bytes as string)
  ])
  const found = (root: string): unknown[] =>
    expected.map(([path]) => [path, readFileSync(join(root, path as string))])

  const first = await report(get([link, '--json'], cwd))
  expect(first.files).toMatchObject([{ kind: 'folder', path: join(cwd, 'my src') }])
  expect(found(join(cwd, 'my src'))).toEqual(expected)
  const again = reportOf(await getHere([link, '--json'], cwd))
  expect(again).toMatchObject({ files: [{ was_there: true }] })

  // One file is other, one folder leads elsewhere: refused, and even by force nothing is written there.
  writeFileSync(join(cwd, 'my src', 'empty.txt'), 'no longer')
  expect(await refusal([link], cwd)).toContain('1 of its 8 files missing or different')
  expect((await getHere([link, '--force'], cwd)).code).toBe(0)
  expect(found(join(cwd, 'my src'))).toEqual(expected)
  mkdirSync(join(cwd, 'elsewhere'))
  mkdirSync(join(cwd, 'third', 'my src'), { recursive: true })
  symlinkSync(join(cwd, 'elsewhere'), join(cwd, 'third', 'my src', 'deep'))
  expect(await refusal([link, '--force'], cwd, '/third')).toContain('is no folder')
  expect(readdirSync(join(cwd, 'elsewhere'))).toEqual([])
})

test('what is no link, and what nobody has, is said so', async () => {
  const cwd = temporaryHome()
  expect(await refusal([`taskmesh:?xt=urn:sha256:${'0'.repeat(64)}&peer=/ip4/1`], cwd)).toContain(
    'FIELD_INVALID'
  )
  const peer = '/ip4/127.0.0.1/tcp/9/p2p/12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB'
  const dead = `taskmesh:?xt=urn:sha256:${'0'.repeat(64)}&peer=${peer}`
  expect(await refusal([dead, '--timeout', '1s'], cwd)).toMatch(
    /FILE_UNAVAILABLE.*nobody gives the list of the pieces of sha256:0{64}: .*; looked in namespace default, by way of 1 named peer;/
  )
  expect(readdirSync(cwd).filter((name) => name.endsWith('.taskmesh'))).toEqual([])
})
