/** Bytes beside messages: whole, in order, and no more than was asked for. */
import { duplexPair } from 'node:stream'
import { join } from 'node:path'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { expect, it, onTestFinished } from 'vitest'
import { BytePipe } from '../../../src/executors/sandbox/byte-pipe.ts'
import type { Duplex } from 'node:stream'

function pipes(): { near: BytePipe; far: BytePipe; nearStream: Duplex; farStream: Duplex } {
  const [nearStream, farStream] = duplexPair()
  return { near: new BytePipe(nearStream), far: new BytePipe(farStream), nearStream, farStream }
}

function fileOf(bytes: Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), 'taskmesh-byte-pipe-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'file')
  writeFileSync(path, bytes)
  return path
}

it('brings bytes and files in the order in which they are sent, however long they are', async () => {
  const { far, near } = pipes()
  const large = Buffer.alloc(3_000_000, 'large')
  const sent = (async () => {
    await near.send(Buffer.from('small'))
    await near.send({ source: fileOf(large), sizeBytes: large.length })
    await near.send(new Uint8Array())
    await near.send(Buffer.from('end'))
  })()
  expect(Buffer.from(await far.receive(5)).toString()).toBe('small')
  expect(large.equals(await far.receive(large.length))).toBe(true)
  expect(await far.receive(0)).toHaveLength(0)
  expect(Buffer.from(await far.receive(3)).toString()).toBe('end')
  await sent
})

it('leaves what follows for who asks for it', async () => {
  const { far, near } = pipes()
  await near.send(Buffer.from('onetwo'))
  expect(Buffer.from(await far.receive(3)).toString()).toBe('one')
  expect(Buffer.from(await far.receive(3)).toString()).toBe('two')
})

it.each([-1, 1])('notices a file that is not as long as was said, by %i', async (change) => {
  const { far, near } = pipes()
  const bytes = Buffer.alloc(100)
  const received = far.receive(200)
  received.catch(() => {})
  const source = fileOf(bytes)
  await expect(near.send({ source, sizeBytes: bytes.length + change })).rejects.toThrow('changed')
})

it('tells both sides when the other is gone', async () => {
  const { far, farStream, near } = pipes()
  const received = near.receive(10)
  farStream.destroy()
  farStream.push(null)
  await expect(received).rejects.toThrow('the pipe ended')
  await expect(far.send(Buffer.alloc(10))).rejects.toThrow('the pipe ended')
})
