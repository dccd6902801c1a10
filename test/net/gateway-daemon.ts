/** A gateway that gives ports away when it is asked, as those for homes do: miniupnpd, with one of its protocols. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { INSIDE, OUTSIDE } from './nat.ts'
import { commandWithin, within } from './namespaces.ts'
import { until } from '../support/until.ts'
import type { ChildProcess } from 'node:child_process'

export type GatewayProtocol = 'natpmp' | 'upnp'

const PROGRAM = '/usr/sbin/miniupnpd'
/** Where it writes down what it passes on, within the gateway's own rules. */
const CHAINS = { passed: 'passed_on', arriving: 'redirected', leaving: 'leaving_again' }
const RULES = `
table inet filter {
  chain ${CHAINS.passed} {
  }
  chain ${CHAINS.arriving} {
  }
  chain ${CHAINS.leaving} {
  }
  chain before {
    type nat hook prerouting priority dstnat
    jump ${CHAINS.arriving}
  }
}
insert rule inet filter through jump ${CHAINS.passed}
`

export const isGatewayDaemonInstalled: boolean = existsSync(PROGRAM)

export class GatewayDaemon {
  readonly #namespace: string
  readonly #folder = mkdtempSync(join(tmpdir(), 'taskmesh-gateway-'))
  #process: ChildProcess | undefined

  constructor(namespace: string) {
    this.#namespace = namespace
    commandWithin(namespace, ['nft', '-f', '-'], RULES)
  }

  async start(protocol: GatewayProtocol): Promise<void> {
    const [config, pid] = ['config', 'pid'].map((name) => join(this.#folder, name)) as [
      string,
      string
    ]
    writeFileSync(config, configFor(protocol))
    const [program = '', ...words] = within(this.#namespace)
    const daemon = [PROGRAM, '-d', '-f', config, '-P', pid]
    this.#process = spawn(program, [...words, ...daemon], { stdio: 'ignore' })
    await until('miniupnpd', () => existsSync(pid), Boolean)
  }

  /** Ports that it passes on. */
  ports(): number[] {
    const words = ['nft', 'list', 'chain', 'inet', 'filter', CHAINS.arriving]
    const rules = commandWithin(this.#namespace, words)
    return [...rules.matchAll(/dport (\d+)/g)].map(([, port]) => Number(port))
  }

  async stop(): Promise<void> {
    if (this.#process === undefined) return
    const ended = once(this.#process, 'exit')
    this.#process.kill('SIGTERM')
    await ended
    this.#process = undefined
    rmSync(join(this.#folder, 'pid'), { force: true })
  }

  async remove(): Promise<void> {
    await this.stop()
    rmSync(this.#folder, { recursive: true })
  }
}

function configFor(protocol: GatewayProtocol): string {
  const isOn = (name: GatewayProtocol): string => (name === protocol ? 'yes' : 'no')
  return [
    `ext_ifname=${OUTSIDE}`,
    `listening_ip=${INSIDE}`,
    'http_port=0',
    `enable_natpmp=${isOn('natpmp')}`,
    `enable_upnp=${isOn('upnp')}`,
    'secure_mode=yes',
    'uuid=00000000-0000-0000-0000-000000000001',
    'allow 1-65535 0.0.0.0/0 1-65535',
    'upnp_table_name=filter',
    'upnp_nat_table_name=filter',
    `upnp_forward_chain=${CHAINS.passed}`,
    `upnp_nat_chain=${CHAINS.arriving}`,
    `upnp_nat_postrouting_chain=${CHAINS.leaving}`,
    ''
  ].join('\n')
}
