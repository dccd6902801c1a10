/** Files put into a mesh of real processes: cut off in the middle, gone on with, listed and read again. */
import { createServer, connect } from 'node:net'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { LiveMesh } from '../support/live-mesh.ts'
import { runInProcess } from '../support/fake-terminal.ts'
import { someBytes } from '../support/open-library.ts'
import { startTaskmesh, taskmesh, temporaryHome } from '../support/spawn-taskmesh.ts'
import { until } from '../support/until.ts'
import type { AddressInfo } from 'node:net'

const FILE_BYTES = 30 * 2 ** 20
const PASSED_BYTES = 10 * 2 ** 20
const MIB = 2 ** 20

/** A way to a port that lets so many bytes pass in all, and holds the rest up. */
async function startGate(
  port: number,
  bytesMax: number
): Promise<{ url: string; isShut: () => boolean }> {
  let passed = 0
  const server = createServer((socket) => {
    const far = connect(port, '127.0.0.1')
    for (const end of [socket, far]) end.on('error', () => {})
    far.pipe(socket)
    socket.on('close', () => far.destroy())
    socket.on('data', (chunk) => {
      passed += chunk.length
      if (passed > bytesMax) socket.pause()
      else far.write(chunk)
    })
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port: own } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${own}`, isShut: () => passed > bytesMax }
}

test('files add goes on where it was killed, and what was added can be had again', async () => {
  const { mesh } = await LiveMesh.start()
  const { client, report } = await mesh.router()
  const { token, url } = JSON.parse(readFileSync(join(report.folder, 'api.json'), 'utf8')) as {
    token: string
    url: string
  }
  const home = temporaryHome()
  const path = join(home, 'large.bin')
  const bytes = someBytes(FILE_BYTES)
  writeFileSync(path, bytes)

  const gate = await startGate(Number(new URL(url).port), PASSED_BYTES)
  const first = startTaskmesh(['files', 'add', path, '--api', gate.url, '--token', token], {
    env: mesh.env
  })
  await until('so much sent', gate.isShut, (isShut) => isShut)
  first.process.kill('SIGKILL')
  await first.ended()
  expect((await client.files()).rows).toMatchObject([{ name: 'large.bin', state: 'part' }])

  const second = await taskmesh(['files', 'add', path], { env: mesh.env })
  expect(second).toMatchObject({ code: 0, stderr: expect.stringMatching(/were there/) as string })
  const [, sent = '', there = ''] =
    /sent ([\d.]+)MiB, ([\d.]+)MiB were there/.exec(second.stderr) ?? []
  expect(Number(sent) + Number(there)).toBeCloseTo(FILE_BYTES / MIB, 0)
  expect(Number(there)).toBeGreaterThan(PASSED_BYTES / MIB / 2)
  const id = second.stdout.split(' ')[0] ?? ''
  expect(await client.file(id)).toMatchObject({ state: 'complete', pinned: true, holders: 1 })
  const chunks: Uint8Array[] = []
  for await (const chunk of await client.readFile(id)) chunks.push(chunk)
  expect(Buffer.concat(chunks).equals(bytes)).toBe(true)

  const folder = join(home, 'ödd “folder”')
  mkdirSync(join(folder, 'sub'), { recursive: true })
  writeFileSync(join(folder, '-a b.txt'), 'a')
  writeFileSync(join(folder, 'sub', '😀.bin'), someBytes(300_000))
  /** Commands of which no other process is needed to see what they do. */
  const here = async (...words: string[]): Promise<unknown> => {
    const { code, stderr, stdout } = await runInProcess([...words, '--json'], { env: mesh.env })
    if (code !== 0) throw new Error(`${words.join(' ')} exited ${code}: ${stderr}`)
    return JSON.parse(stdout)
  }
  const added = (await here('files', 'add', folder)) as { id: string; kind: string }[]
  expect(added).toMatchObject([{ kind: 'folder', files: 2, size: 300_001 }])
  const listed = (await here('files', 'ls')) as { name: string }[]
  expect(listed.map(({ name }) => name).toSorted()).toEqual(
    ['-a b.txt', 'large.bin', 'ödd “folder”', '😀.bin'].toSorted()
  )
  expect(await here('files', 'verify', id)).toMatchObject([{ outcome: 'right' }])
  await runInProcess(['files', 'rm', id], { env: mesh.env })
  await expect(client.file(id)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
})
