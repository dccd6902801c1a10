/** The doctor on what nodes of a home are and want: keys, ports, disk, and the words that they were started with. */
import { createServer } from 'node:net'
import { createSocket } from 'node:dgram'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createAuthority } from '../../../src/membership/authority.ts'
import { diskCheck } from '../../../src/cli/doctor/disk-check.ts'
import { identityCheck } from '../../../src/cli/doctor/identity-check.ts'
import { issueCertificate } from '../../../src/membership/certificates.ts'
import { loadIdentity } from '../../../src/network/identity.ts'
import { peerOf, publicRawOf } from '../../../src/core/peer-keys.ts'
import { portsCheck } from '../../../src/cli/doctor/ports-check.ts'
import { saveMembership } from '../../../src/membership/own-membership.ts'
import { valueIn, valuesOf } from '../../../src/cli/doctor/node-words.ts'
import { waysFrom } from '../../../src/cli/survey/home.ts'
import { writeSecret } from '../../../src/core/secret-file.ts'
import type { Check, NodeProcess } from '../../../src/cli/doctor/check.ts'

const NOW_MS = 1_800_000_000_000
/** Of no process: numbers of processes are smaller. */
const NOBODY = 2 ** 30
const PEER = '12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB'

function home(): { path: string; folder: string } {
  const path = mkdtempSync(join(tmpdir(), 'taskmesh-doctor-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  const folder = join(path, 'node')
  writeSecret(join(folder, 'lock'), '')
  return { path, folder }
}

function nodeOf(...words: string[]): NodeProcess {
  return { name: 'node', pid: process.pid, words, listens: [] }
}

async function said(check: Check, path: string, ...nodes: NodeProcess[]): Promise<string[]> {
  const found = await check.run({ home: path, nodes, nowMs: NOW_MS })
  return found.map(({ severity, what }) => `${severity}: ${what}`)
}

test('a key that is none, and one that a certificate is not for', async () => {
  const { folder, path } = home()
  // One that has not been made yet is nothing to say.
  expect(await said(identityCheck, path)).toEqual([])
  const peer = peerOf(publicRawOf(await loadIdentity(join(folder, 'key'))))
  const certify = async (to: string): Promise<void> => {
    const grant = { peer: to, role: 'worker' as const, nowMs: NOW_MS }
    const certificate = await issueCertificate(grant, authority)
    saveMembership(folder, { certificate, bootstrap: [] })
  }
  const authority = createAuthority(path)
  await certify(peer)
  expect(await said(identityCheck, path)).toEqual([])
  await certify(PEER)
  expect(await said(identityCheck, path)).toEqual([
    `problem: the certificate of node is for ${PEER}, and its key is that of ${peer}`
  ])
  writeFileSync(join(folder, 'key'), 'no key')
  expect(await said(identityCheck, path)).toEqual([
    expect.stringMatching(/^problem: the key of node: .* does not hold a key/)
  ])
})

test('ports of nodes that do not run and that others have taken, by TCP and UDP', async () => {
  const { folder, path } = home()
  const server = createServer().listen(0, '127.0.0.1')
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  onTestFinished(() => {
    server.close()
    socket.close()
  })
  await Promise.all([once(server, 'listening'), once(socket, 'listening')])
  const { port } = server.address() as { port: number }
  const udpPort = socket.address().port
  const contact = (pid: number): void =>
    writeSecret(
      join(folder, 'contact.json'),
      JSON.stringify({
        peer_id: PEER,
        pid,
        announced: [],
        addresses: [
          `/ip4/127.0.0.1/tcp/${port}/p2p/${PEER}`,
          `/ip4/127.0.0.1/udp/${udpPort}/quic-v1/p2p/${PEER}`
        ]
      })
    )
  contact(process.pid)
  expect(await said(portsCheck, path)).toEqual([])
  contact(NOBODY)
  writeSecret(
    join(folder, 'api.json'),
    JSON.stringify({ pid: NOBODY, url: `http://127.0.0.1:${port}`, token: 't' })
  )
  const found = await said(portsCheck, path)
  expect(found).toHaveLength(2)
  expect(found).toContainEqual(expect.stringMatching(`^warning: node does not run.*tcp ${port}`))
  expect(found).toContainEqual(expect.stringContaining(`its port (udp ${udpPort}) is taken by`))
})

test('more files than the disk has room for', async () => {
  const { path } = home()
  expect(await said(diskCheck, path, nodeOf('node', 'worker', '--files-disk', '1MiB'))).toEqual([])
  expect(await said(diskCheck, path, nodeOf('node', 'worker', '--files-disk=9000TiB'))).toEqual([
    expect.stringMatching(/^warning: node may keep 9000TiB of files, and there is room for/)
  ])
})

test('what words, and the config file that they name, say', () => {
  const { path } = home()
  const config = join(path, 'worker.json')
  writeFileSync(config, JSON.stringify({ files_disk: '3GiB', slots: 2 }))
  const node = nodeOf('node', 'worker', '--bootstrap=a', '--bootstrap', 'b', '--config', config)
  expect(valuesOf(node, 'bootstrap')).toEqual(['a', 'b'])
  expect(valueIn(node, 'files-disk')).toBe('3GiB')
  expect(valueIn(node, 'slots')).toBe('2')
  expect(valueIn(node, 'memory')).toBeUndefined()
  expect(valuesOf(nodeOf('taskmesh worker --bootstrap a --slots 2'), 'bootstrap')).toEqual(['a'])
})

test('a bootstrap that is named with its peer id and without is one', () => {
  const { folder, path } = home()
  const addresses = ['/ip4/127.0.0.1/tcp/51820', '/ip4/10.0.0.1/tcp/51820'].map(
    (address) => `${address}/p2p/${PEER}`
  )
  const contact = { peer_id: PEER, pid: process.pid, addresses, announced: [] }
  writeSecret(join(folder, 'contact.json'), JSON.stringify(contact))
  const node = nodeOf('taskmesh', 'worker', '--bootstrap', '/ip4/10.0.0.1/tcp/51820')
  expect(waysFrom(path, [node], ['/dns4/mesh.example.org/tcp/51820'])).toEqual([
    { peer: undefined, addresses: ['/dns4/mesh.example.org/tcp/51820'] },
    { peer: PEER, addresses }
  ])
})
