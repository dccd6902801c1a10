/**
 * A small world: a public network with machines on it, and local networks behind gateways that translate addresses.
 * Its public addresses are of blocks that libp2p takes for public; those that are set aside for documentation are not.
 */
import { existsSync } from 'node:fs'
import { Host } from './host.ts'
import { INSIDE, OUTSIDE, SILENT_RULES, natRules, setRules } from './nat.ts'
import { Namespaces, command, setSwitch } from './namespaces.ts'
import type { NatKind } from './nat.ts'

const PUBLIC = { prefix: '45.0.0', prefix6: '2a45:0:0:1' }

/** What all public machines are plugged into, and what stands for the rest of the internet there. */
const SWITCH = 'internet'
const INTERNET_NUMBER = 254

/** Of machines on the public network; gateways come after them. */
const FIRST_HOST_NUMBER = 1
const FIRST_GATEWAY_NUMBER = 101

let worldCount = 0

export class Topology {
  readonly #namespaces: Namespaces
  readonly #internet: string
  #hostCount = 0
  #lanCount = 0

  /** @param prefix of the run that it belongs to */
  constructor(prefix: string) {
    worldCount += 1
    this.#namespaces = new Namespaces(`${prefix}-${process.pid}x${worldCount}`)
    this.#internet = this.#namespaces.add(SWITCH)
    this.#build(() => {
      addSwitch(this.#internet, SWITCH)
      addAddress(this.#internet, SWITCH, `${PUBLIC.prefix}.${INTERNET_NUMBER}/24`)
      addAddress(this.#internet, SWITCH, `${PUBLIC.prefix6}::${INTERNET_NUMBER}/64`)
      // What is for nobody is lost on its way, as it is out there; without it senders would know at once.
      setSwitch(this.#internet, 'net/ipv4/ip_forward', '1')
      ip(this.#internet, 'route', 'add', 'blackhole', 'default')
      setRules(this.#internet, SILENT_RULES)
    })
  }

  /** A machine with public addresses of both kinds. */
  host(name: string): Host {
    return this.#build(() => this.#publicHost(name, FIRST_HOST_NUMBER + this.#hostCount++))
  }

  /** A local network and its gateway. */
  lan(name: string, kind: NatKind = 'cone'): Lan {
    return this.#build(() => {
      const number = this.#lanCount++
      const gateway = this.#publicHost(`${name}-gateway`, FIRST_GATEWAY_NUMBER + number)
      return new Lan({ name, gateway, kind, number: number + 1, namespaces: this.#namespaces })
    })
  }

  /** Takes down everything, whatever still runs there. */
  remove(): void {
    this.#namespaces.remove()
  }

  #publicHost(name: string, number: number): Host {
    const namespace = this.#namespaces.add(name)
    const plug = { namespace: this.#internet, device: `port${number}` }
    const address = `${PUBLIC.prefix}.${number}`
    const address6 = `${PUBLIC.prefix6}::${number}`
    plugIn({ namespace, device: OUTSIDE }, plug, SWITCH)
    addAddress(namespace, OUTSIDE, `${address}/24`)
    addAddress(namespace, OUTSIDE, `${address6}/64`)
    addDefaultRoute(namespace, `${PUBLIC.prefix}.${INTERNET_NUMBER}`)
    return new Host({ name, namespace, device: OUTSIDE, plug, address, address6 })
  }

  /** Half a world is none. */
  #build<T>(build: () => T): T {
    try {
      return build()
    } catch (cause) {
      this.remove()
      throw cause
    }
  }
}

export class Lan {
  readonly gateway: Host
  readonly #name: string
  readonly #prefix: string
  readonly #namespaces: Namespaces
  #hostCount = 0

  constructor(init: {
    name: string
    gateway: Host
    kind: NatKind
    number: number
    namespaces: Namespaces
  }) {
    this.gateway = init.gateway
    this.#name = init.name
    this.#prefix = `192.168.${init.number}`
    this.#namespaces = init.namespaces
    const { namespace } = this.gateway
    addSwitch(namespace, INSIDE)
    addAddress(namespace, INSIDE, `${this.#prefix}.1/24`)
    setSwitch(namespace, 'net/ipv4/ip_forward', '1')
    this.setNat(init.kind)
  }

  /** From now on the gateway is of that kind; connections that went through it are lost. */
  setNat(kind: NatKind): void {
    setRules(this.gateway.namespace, natRules(kind))
  }

  /** A machine on this network, known to nobody outside. */
  host(name: string): Host {
    const number = 2 + this.#hostCount++
    const namespace = this.#namespaces.add(`${this.#name}-${name}`)
    const device = 'eth0'
    const plug = { namespace: this.gateway.namespace, device: `port${number}` }
    const address = `${this.#prefix}.${number}`
    plugIn({ namespace, device }, plug, INSIDE)
    addAddress(namespace, device, `${address}/24`)
    addDefaultRoute(namespace, `${this.#prefix}.1`)
    return new Host({ name, namespace, device, plug, address })
  }
}

function ip(namespace: string, ...words: string[]): void {
  command('ip', ['-n', namespace, ...words])
}

function addSwitch(namespace: string, device: string): void {
  ip(namespace, 'link', 'add', device, 'type', 'bridge')
  // Where the kernel would, what only passes through a switch would be held to the rules of its gateway.
  for (const family of ['ip', 'ip6']) {
    const path = `net/bridge/bridge-nf-call-${family}tables`
    if (existsSync(`/proc/sys/${path}`)) setSwitch(namespace, path, '0')
  }
  ip(namespace, 'link', 'set', device, 'up')
}

interface Socket {
  namespace: string
  device: string
}

/** A cable from a machine to a switch. */
function plugIn(machine: Socket, socket: Socket, device: string): void {
  const near = [machine.device, 'netns', machine.namespace]
  const far = [socket.device, 'netns', socket.namespace]
  command('ip', ['link', 'add', ...near, 'type', 'veth', 'peer', 'name', ...far])
  ip(socket.namespace, 'link', 'set', socket.device, 'master', device, 'up')
  ip(machine.namespace, 'link', 'set', machine.device, 'up')
}

/** Without the second in which IPv6 would look whether somebody else has it. */
function addAddress(namespace: string, device: string, address: string): void {
  const isIp6 = address.includes(':')
  ip(namespace, 'addr', 'add', address, 'dev', device, ...(isIp6 ? ['nodad'] : []))
}

function addDefaultRoute(namespace: string, gateway: string): void {
  ip(namespace, 'route', 'add', 'default', 'via', gateway)
}
