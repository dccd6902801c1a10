/**
 * aria2 (Debian: apt-get install aria2) as one who gives and one who fetches over BitTorrent, with a tracker
 * of three lines between them: what a user would take instead.
 */
import { createHash } from 'node:crypto'
import { createReadStream, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { basename, dirname, join } from 'node:path'
import { findProgram, freePort, startPeerServer } from './peers.ts'
import type { AddressInfo } from 'node:net'
import type { Sample } from './bench.ts'

const PIECE_BYTES = 262_144

export function missingAria2(): string | undefined {
  return findProgram('aria2c') === undefined ? 'aria2c is not installed' : undefined
}

/** Gives a file until it is stopped; each measurement fetches it anew, from the spawn to the exit. */
export async function startAria2(
  source: string,
  folder: string
): Promise<{ measure: () => Promise<Sample>; stop: () => Promise<void> }> {
  mkdirSync(folder)
  const seederPort = await freePort()
  const tracker = createServer((request, response) => {
    const isSeeder = request.url?.includes(`port=${seederPort}&`) === true
    const peers = isSeeder ? Buffer.alloc(0) : compactPeer(seederPort)
    response.end(bencode({ interval: 60, peers }))
  }).listen(0, '127.0.0.1')
  await once(tracker, 'listening')
  const { port } = tracker.address() as AddressInfo
  const torrent = join(folder, 'film.torrent')
  writeFileSync(torrent, await describe(source, `http://127.0.0.1:${port}/announce`))
  const common = ['--no-conf', '--enable-dht=false', '--bt-enable-lpd=false', '--quiet']
  const seeder = await startPeerServer(
    'aria2c',
    (listen) => [
      ...common,
      `--listen-port=${listen}`,
      '--seed-ratio=0',
      '--check-integrity',
      `--dir=${dirname(source)}`,
      torrent
    ],
    seederPort
  )
  const into = join(folder, 'fetched')
  const fetching = [...common, '--seed-time=0', '--file-allocation=none', `--dir=${into}`, torrent]
  const { size } = statSync(source)
  const measure = async (): Promise<Sample> => {
    rmSync(into, { recursive: true, force: true })
    const beganAtMs = performance.now()
    const [code] = (await once(spawn('aria2c', fetching, { stdio: 'ignore' }), 'exit')) as [number]
    const ms = performance.now() - beganAtMs
    if (code !== 0) throw new Error(`aria2c ended with ${code}`)
    return { mbPerSecond: size / 1e6 / (ms / 1_000) }
  }
  const stop = async (): Promise<void> => {
    await seeder.stop()
    tracker.close()
  }
  return { measure, stop }
}

/** A torrent file (BEP 3). */
async function describe(path: string, announce: string): Promise<Buffer> {
  const hashes: Buffer[] = []
  // The file's pieces, as the stream reads just so much at once.
  for await (const piece of createReadStream(path, { highWaterMark: PIECE_BYTES })) {
    hashes.push(createHash('sha1').update(piece).digest())
  }
  const info = {
    length: statSync(path).size,
    name: basename(path),
    'piece length': PIECE_BYTES,
    pieces: Buffer.concat(hashes)
  }
  return bencode({ announce, info })
}

/** BEP 23. */
function compactPeer(port: number): Buffer {
  return Buffer.from([127, 0, 0, 1, port >> 8, port & 0xff])
}

interface Bencoded {
  readonly [key: string]: number | string | Buffer | Bencoded
}

/** @param value its keys are in order */
function bencode(value: Bencoded | number | string | Buffer): Buffer {
  if (typeof value === 'number') return Buffer.from(`i${value}e`)
  if (typeof value === 'string') return bencode(Buffer.from(value))
  if (Buffer.isBuffer(value)) return Buffer.concat([Buffer.from(`${value.length}:`), value])
  const parts = Object.entries(value).flatMap(([key, each]) => [bencode(key), bencode(each)])
  return Buffer.concat([Buffer.from('d'), ...parts, Buffer.from('e')])
}
