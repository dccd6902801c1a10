/**
 * The machines of a page: each a network namespace with a name, a home and ports of its own, on one network with the
 * others. Whoever has an address of a private network stands behind a gateway, and nobody gets in there.
 *
 * It is to be used where network, mounts and processes are the page's own already (`page.ts`): what is made here ends with them.
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { prepareHome } from './checkout.ts'
import { Terminal } from './terminal.ts'

/** Where a page is followed that names no machines. */
export const HERE = 'here'

/** What all public machines are plugged into; it passes nothing on, so that what is for nobody is lost. */
const SWITCH = 'internet'
/** Set aside for books like this one. */
const PUBLIC = '203.0.113.'
const SWITCH_ADDRESS = `${PUBLIC}254`
const FIRST_GATEWAY = 201

const GATEWAY_RULES = `
table ip nat {
  chain out { type nat hook postrouting priority srcnat; oifname "eth0" masquerade; }
}
table ip filter {
  chain through {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "inside" accept
  }
}
`

export class Machines {
  readonly #folder: string
  readonly #env: Readonly<Record<string, string>>
  readonly #addresses: ReadonlyMap<string, string>
  readonly #terminals = new Map<string, Terminal>()
  readonly #gateways = new Map<string, Terminal>()

  /** @param addresses of each machine, by its name */
  constructor(
    folder: string,
    env: Readonly<Record<string, string>>,
    addresses: ReadonlyMap<string, string>
  ) {
    this.#folder = folder
    this.#env = env
    this.#addresses = addresses
    command('ip', 'link', 'set', 'lo', 'up')
    const known = [...addresses].map(([name, address]) => `${address} ${name} ${name}.example`)
    const hosts = join(folder, 'desk/hosts')
    writeFileSync(hosts, ['127.0.0.1 localhost', ...known, ''].join('\n'))
    command('mount', '--bind', hosts, '/etc/hosts')
    command('mkfifo', join(folder, 'desk/silence'))
    if (addresses.size === 0) return
    command('ip', 'link', 'add', SWITCH, 'type', 'bridge')
    command('ip', 'address', 'add', `${SWITCH_ADDRESS}/24`, 'dev', SWITCH)
    command('ip', 'link', 'set', SWITCH, 'up')
  }

  /** Of a machine of the page; it is there once it is needed. */
  async terminal(name: string): Promise<Terminal> {
    const there = this.#terminals.get(name)
    if (there !== undefined) return there
    const home = prepareHome(this.#folder, name)
    const address = this.#addresses.get(name)
    if (name !== HERE && address === undefined) {
      throw new Error(`the page has no machine ${name}: add it to <!-- machines: … -->`)
    }
    const terminal = this.#shell(name, home, address !== undefined)
    this.#terminals.set(name, terminal)
    if (address !== undefined) await this.#plugIn(name, address)
    return terminal
  }

  /** All that stays up on them ends. */
  async close(): Promise<void> {
    const all = [...this.#terminals.values(), ...this.#gateways.values()]
    await Promise.all(all.map((terminal) => terminal.close()))
  }

  #shell(name: string, home: string, isApart: boolean): Terminal {
    const within = isApart ? ['unshare', '--net', '--mount', '--uts'] : []
    return new Terminal({ name, home, desk: join(this.#folder, 'desk'), env: this.#env, within })
  }

  async #plugIn(name: string, address: string): Promise<void> {
    const terminal = await this.terminal(name)
    // Only once it has answered are its namespaces there.
    await terminal.run(`hostname ${name}\nip link set lo up`)
    if (isPublic(address)) {
      plug(terminal.pid, 'eth0', SWITCH)
      await terminal.run(configured('eth0', `${address}/24`, SWITCH_ADDRESS))
      return
    }
    const network = address.slice(0, address.lastIndexOf('.'))
    const gateway = this.#gateways.get(network) ?? (await this.#addGateway(network))
    const inner = `${network}.1`
    command('ip', ...cable(`plug${terminal.pid}`, 'eth0', terminal.pid))
    command('ip', 'link', 'set', `plug${terminal.pid}`, 'netns', String(gateway.pid))
    await gateway.run(
      `ip link set plug${terminal.pid} master inside && ip link set plug${terminal.pid} up`
    )
    await terminal.run(configured('eth0', `${address}/24`, inner))
  }

  async #addGateway(network: string): Promise<Terminal> {
    const gateway = this.#shell(`gateway-${network}`, this.#folder, true)
    this.#gateways.set(network, gateway)
    await gateway.run('ip link set lo up')
    plug(gateway.pid, 'eth0', SWITCH)
    const outer = `${PUBLIC}${FIRST_GATEWAY + this.#gateways.size - 1}/24`
    await gateway.run(
      [
        configured('eth0', outer, SWITCH_ADDRESS),
        `ip link add inside type bridge`,
        `ip address add ${network}.1/24 dev inside`,
        `ip link set inside up`,
        `echo 1 > /proc/sys/net/ipv4/ip_forward`,
        `nft -f - <<'@@'\n${GATEWAY_RULES}\n@@`
      ].join('\n')
    )
    return gateway
  }
}

/** Whether this system has what private networks take. */
export function canHaveGateways(): boolean {
  return spawnSync('nft', ['--version']).status === 0
}

export function isPublic(address: string): boolean {
  return address.startsWith(PUBLIC)
}

function configured(device: string, address: string, gateway: string): string {
  return [
    `ip address add ${address} dev ${device}`,
    `ip link set ${device} up`,
    `ip route add default via ${gateway}`
  ].join('\n')
}

/** A cable from a namespace to a switch of this one. */
function plug(pid: number, device: string, into: string): void {
  const end = `plug${pid}`
  command('ip', ...cable(end, device, pid))
  command('ip', 'link', 'set', end, 'master', into)
  command('ip', 'link', 'set', end, 'up')
}

function cable(end: string, device: string, pid: number): string[] {
  return ['link', 'add', end, 'type', 'veth', 'peer', 'name', device, 'netns', String(pid)]
}

/** Runs a command of the system. @throws with what it complained of */
export function command(program: string, ...words: string[]): void {
  const { error, status, stderr } = spawnSync(program, words, { encoding: 'utf8' })
  if (status === 0) return
  throw new Error(`${program} ${words.join(' ')}: ${error?.message ?? stderr}`)
}
