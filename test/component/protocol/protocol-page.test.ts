/** Every example in docs/protocol.md is made here by the code that it is about, and every table holds what the code has. */
import { createHash, createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromString } from '@libp2p/peer-id'
import { afterEach, expect, it } from 'vitest'
import { CERTIFICATE } from '../../../src/membership/documents.ts'
import { COMMAND_NAMES } from '../../../src/protocol/commands.ts'
import * as ids from '../../../src/protocol/ids.ts'
import {
  COMMAND_PROTOCOL_V1,
  DHT_PROTOCOL_V1,
  HTTP_PROTOCOL_V1
} from '../../../src/protocol/ids.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { Mesh, exchangeBytes } from '../../support/spawn-mesh.ts'
import { NOW_MS } from '../../support/build-authority.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import { OFFENCES } from '../../../src/protocol/offence.ts'
import { fileKey, fileNodesKey, routersKey } from '../../../src/protocol/ids.ts'
import { keyCid } from '../../../src/discovery/key-cid.ts'
import { meshIdOf } from '../../../src/membership/mesh-id.ts'
import { openClaims, signClaims, toSeconds } from '../../../src/membership/signed-claims.ts'
import { LEVEL_MAX, SPLIT_WORKERS, TOP, shardKey, shardsOf } from '../../../src/discovery/shards.ts'
import { startPeerApi } from '../../support/peer-api.ts'
import type { Ed25519PrivateKey, PeerId } from '@libp2p/interface'
import type { Certificate } from '../../../src/membership/documents.ts'
import type { CommandHandlers } from '../../../src/protocol/command-server.ts'
import type { SpawnedNode } from '../../support/spawn-mesh.ts'

const page = textOf('docs/protocol.md')
const mesh = new Mesh()

afterEach(async () => await mesh.stop())

/** The nodes of the page: their keys are made from 32 bytes of one number. */
const ASKER = 1
const ANSWERER = 2
const AUTHORITY = 3
const WORKER = 4

async function keyOf(number: number): Promise<Ed25519PrivateKey> {
  return await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(number))
}

async function pair(): Promise<{ asker: SpawnedNode; answerer: SpawnedNode }> {
  const worker = (await peerOf(WORKER)).toString()
  const handlers: CommandHandlers = {
    EXECUTE_TASK: async () => ({
      result: { worker, job_id: 'j-7m2k9x04tqhe', attempts: 1 },
      bulk: '49'
    })
  }
  const clock = new FakeClock(NOW_MS)
  const answering = { clock, handlers, isDhtServer: true, key: await keyOf(ANSWERER) }
  return await mesh.pair(answering, { key: await keyOf(ASKER) })
}

function textOf(path: string): string {
  return readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')
}

function line(start: string): string {
  const found = page.split('\n').find((text) => text.startsWith(start))
  if (found === undefined) throw new Error(`the page has no line that begins with ${start}`)
  return found
}

function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

it('the worked example of a DHT key', async () => {
  const key = shardKey('demo', TOP)
  const cid = await keyCid(key)
  const multihash = Buffer.from(cid.multihash.bytes)
  for (const [name, value] of [
    ['text', key],
    ['SHA-256', sha256(key)],
    ['CID', cid.toString()],
    ['key bytes', multihash.toString('hex')],
    ['place', sha256(multihash)]
  ]) {
    expect(page).toContain(`${name?.padEnd(10)} ${value}\n`)
  }
  expect(multihash.toString('hex')).toBe(`1220${sha256(key)}`)
})

it('the keys under which nodes and files are found', () => {
  expect(page).toContain(`\`${shardKey('<namespace>', TOP).replace(/0\/0$/, '<level>/<shard>')}\``)
  expect(page).toContain(`\`${routersKey('<namespace>')}\``)
  expect(page).toContain(`\`${fileNodesKey('<namespace>')}\``)
  expect(page).toContain(`\`${fileKey('<namespace>', '<file id>')}\``)
})

it('the tree of keys, as the page and the client in Go know it', () => {
  expect(page).toContain(`where a key has ${SPLIT_WORKERS} providers or more`)
  expect(page).toContain(`down to level ${LEVEL_MAX}.`)
  const go = textOf('test/interop/go/discovery.go')
  expect(go).toMatch(new RegExp(`splitWorkers += ${SPLIT_WORKERS}\\n`))
  expect(go).toMatch(new RegExp(`levelMax += ${LEVEL_MAX}\\n`))
  const format = `/taskmesh/namespace/2/%s/%d/%d`
  expect(shardKey('%s', { level: 1, index: 2 })).toBe(format.replace('%d/%d', '1/2'))
  for (const text of [format, routersKey(''), DHT_PROTOCOL_V1.replace('/taskmesh', '')]) {
    expect(go).toContain(`"${text}"`)
  }
  expect(textOf('test/interop/go/commands.go')).toContain(`"${COMMAND_PROTOCOL_V1}"`)
})

it('where a worker stands in the tree of keys', async () => {
  const peer = (await peerOf(ASKER)).toString()
  const places = shardsOf(peer, 3).map((shard) => shardKey('demo', shard))
  expect(page).toContain(places.map((place) => `\`${place}\``).join(' and '))
})

it('a question to the DHT, byte by byte, is answered', async () => {
  const { answerer, asker } = await pair()
  const cid = await keyCid(shardKey('demo', TOP))
  await asker.node.libp2p.contentRouting.provide(cid)
  const question = Buffer.from(line('26 08 03 12 22 ').replaceAll(' ', ''), 'hex')
  expect(question.subarray(5)).toEqual(Buffer.from(cid.multihash.bytes))
  const stream = await asker.node.openStream(answerer.peer, DHT_PROTOCOL_V1)
  const answer = await exchangeBytes(stream, question)
  expect(answer).toContain(Buffer.from((await peerOf(ASKER)).toMultihash().bytes).toString('utf8'))
})

it('names every protocol that is spoken', () => {
  const protocols = Object.entries(ids).filter(([name]) => name.endsWith('_PROTOCOL_V1'))
  expect(protocols.length).toBeGreaterThan(4)
  for (const [, protocol] of protocols) expect(page).toContain(`\`${String(protocol)}\``)
})

it('a request over HTTP, as it stands there, is answered', async () => {
  const { answerer, asker } = await pair()
  await startPeerApi(answerer)
  const [request = ''] = /GET \/v1\/health HTTP[^`]*/.exec(page) ?? []
  const stream = await asker.node.openStream(answerer.peer, HTTP_PROTOCOL_V1)
  const answer = await exchangeBytes(stream, Buffer.from(request.replaceAll('\n', '\r\n')))
  expect(answer).toMatch(/^HTTP\/1\.1 200 /)
  const total = LIMITS.apiPeerStreamsTotalMax.toLocaleString('en')
  expect(page).toContain(
    `- ${LIMITS.apiPeerStreamsMax} streams of one peer may be open at a time, ${total} of all`
  )
})

it('what a stream of commands begins with', () => {
  for (const protocol of ['/multistream/1.0.0', COMMAND_PROTOCOL_V1]) {
    const text = Buffer.from(`${protocol}\n`)
    const bytes = Buffer.concat([Buffer.from([text.length]), text])
    expect(page).toContain((bytes.toString('hex').match(/../g) ?? []).join(' '))
  }
})

it.each(['r-1', 'r-2'])('the exchange %s, byte by byte', async (id) => {
  const { answerer, asker } = await pair()
  const [asked, answered] = page.split('\n').filter((text) => text.includes(`"request_id":"${id}"`))
  const stream = await asker.node.openStream(answerer.peer, COMMAND_PROTOCOL_V1)
  const bytes = new TextEncoder().encode(asked ?? '')
  expect(await exchangeBytes(stream, bytes)).toBe(answered)
})

it('a certificate, and who has signed it', async () => {
  const authority = await keyOf(AUTHORITY)
  const meshId = meshIdOf(authority.publicKey.raw)
  const jwk = {
    kty: 'OKP',
    crv: 'Ed25519',
    d: Buffer.from(authority.raw.subarray(0, 32)).toString('base64url'),
    x: Buffer.from(authority.publicKey.raw).toString('base64url')
  }
  const key = createPrivateKey({ key: jwk, format: 'jwk' })
  const nowS = toSeconds(NOW_MS)
  const claims = {
    sub: (await peerOf(ASKER)).toString(),
    jti: 'Qm3kd9s0aa12',
    iat: nowS,
    exp: nowS + 604_800,
    role: 'client' as const
  }
  const text = await signClaims<Certificate>(claims, CERTIFICATE, { meshId, key })
  const [head = '', body = '', signature = ''] = text.split('.')
  expect(page).toContain(`${head}.\n${body}.\n${signature}\n`)
  for (const part of [head, body]) {
    expect(page).toContain(`${Buffer.from(part, 'base64url').toString()}\n`)
  }
  const opened = await openClaims(text, CERTIFICATE, { meshId, nowMs: NOW_MS })
  expect(opened.claims).toEqual({ iss: meshId, ...claims })
})

it('the tables of commands and of offences', () => {
  const rows = [...page.matchAll(/^\| `([A-Z_]+)` +\|/gm)].map(([, name]) => name)
  expect(new Set(rows)).toEqual(new Set(COMMAND_NAMES))
  expect(rows).toHaveLength(COMMAND_NAMES.length)
  const points = [...page.matchAll(/^\| `([a-z]+)` +\| +([\d.]+) +\|/gm)]
  expect(Object.fromEntries(points.map(([, name, value]) => [name, Number(value)]))).toEqual(
    OFFENCES
  )
})

async function peerOf(number: number): Promise<PeerId> {
  const { publicKey } = await keyOf(number)
  return peerIdFromString(publicKey.toString())
}
