/**
 * Programs that ask for the network on a worker whose owner allows it: they get TCP and UDP of this
 * machine, and nothing besides that a sandbox keeps them from otherwise (hostile 16 to 18 of the design).
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createServer } from 'node:net'
import { once } from 'node:events'
import {
  createProcessExecutor,
  processProblem,
  resultOf,
  runProgram,
  script
} from '../../support/process-engine.ts'
import { REFUSED_CALLS } from '../../../src/executors/process/system-calls.ts'
import type { AddressInfo, Server } from 'node:net'

const isSkipped = (await processProblem()) !== undefined

function perl(code: string): { argv: string[] } {
  return { argv: ['perl', '-MSocket', '-e', code] }
}

function attempt(call: string): { argv: string[] } {
  return perl(`print((${call}) ? "reached" : "refused: $!")`)
}

describe.skipIf(isSkipped)('with the network', () => {
  const executor = createProcessExecutor({ isNetworkAllowed: true })
  const name = `taskmesh-network-${process.pid}`
  let tcp: Server
  let abstract: Server
  beforeAll(async () => {
    tcp = createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1')
    abstract = createServer((socket) => socket.end('hello')).listen(`\0${name}`)
    await Promise.all([once(tcp, 'listening'), once(abstract, 'listening'), executor.start()])
  })
  afterAll(async () => {
    tcp.close()
    abstract.close()
    await executor.stop()
  })
  const hello = (): string => {
    const { port } = tcp.address() as AddressInfo
    return `socket(S,2,1,0) && connect(S,pack_sockaddr_in(${port},inet_aton("127.0.0.1")))`
  }

  it('a task that asks for it reaches a server, and one that does not ask does not', async () => {
    const asking = await runProgram(executor, perl(`${hello()} or die; print <S>`), {
      network: true
    })
    expect(resultOf(asking).stdout).toBe('hello')
    const silent = await runProgram(executor, attempt(hello()))
    expect(resultOf(silent).stdout).toMatch(/^refused: /)
  })
  it('names are known and authorities trusted, and none of it can be changed', async () => {
    const files = '/etc/resolv.conf /etc/hosts /etc/nsswitch.conf /etc/ssl/certs'
    const lines = [
      `for file in ${files}; do`,
      '[ ! -w $file ] || echo "$file"',
      'done; getent hosts localhost'
    ]
    const outcome = await runProgram(executor, script(...lines), { network: true })
    expect(resultOf(outcome).stdout).toMatch(/^(127\.0\.0\.1|::1)\s+localhost/)
  })
  it.each([
    [
      'hostile 17: an abstract socket of the machine',
      () => `socket(S,1,1,0) && connect(S,pack("S a*",1,"\\0${name}"))`
    ],
    [
      'hostile 17: one by way of a pair',
      () => `socketpair(S,T,1,2,0) && send(S,"x",0,pack("S a*",1,"\\0${name}"))`
    ],
    ['hostile 17: raw packets', () => 'socket(S,2,3,1)'],
    ['hostile 17: packets of the wire', () => 'socket(S,17,3,0)'],
    ['hostile 17: the kernel', () => 'socket(S,16,3,0)'],
    ['hostile 17: the host below', () => 'socket(S,40,1,0)']
  ])('is still kept from %s', async (_, call) => {
    const outcome = await runProgram(executor, attempt(call()), { network: true })
    expect(resultOf(outcome).stdout).toMatch(/^refused: /)
  })
  it('hostile 16, 18: is still kept from the system, its secrets and its calls', async () => {
    const { x64, arm64 } = REFUSED_CALLS['bpf'] ?? {}
    const bpf = process.arch === 'arm64' ? arm64 : x64
    const lines = [
      'exec 2>&1; ls /root /home /var /run /etc/shadow /etc/ssl/private; echo x >/etc/hosts',
      `perl -e 'print syscall(${bpf},0,0,0) == -1 ? "refused\\n" : "done\\n"'`,
      'ip link set lo down || true; unshare -n true || echo kept'
    ]
    const { stdout = '' } = resultOf(
      await runProgram(executor, script(...lines), { network: true })
    )
    expect(stdout.match(/cannot access/g)).toHaveLength(6)
    expect(stdout).toContain('refused')
    expect(stdout).toContain('kept')
  })
})

describe('what an owner says of it', () => {
  it.each([
    ['nothing', {}, false],
    ['yes', { isNetworkAllowed: true }, true],
    ['no sandbox, which holds nobody from it', { isUnsafe: true }, true]
  ])('%s', (_, init, allows) => {
    expect(createProcessExecutor(init).allowsNetwork).toBe(allows)
  })
})
