/** A machine of the world: its place in the network, its home folder, and what is typed there. */
import { startScript, startTaskmesh, taskmesh, temporaryHome } from '../support/spawn-taskmesh.ts'
import { commandWithin, command, within } from './namespaces.ts'
import type { RunningTaskmesh } from '../support/running-taskmesh.ts'

export interface HostInit {
  name: string
  namespace: string
  /** Its interface, and the socket of the switch that its cable is in. */
  device: string
  plug: { namespace: string; device: string }
  address: string
  /** Of public machines. */
  address6?: string
}

export class Host {
  readonly name: string
  readonly namespace: string
  readonly address: string
  readonly address6: string | undefined
  readonly #device: string
  readonly #plug: HostInit['plug']
  #home: string | undefined

  constructor(init: HostInit) {
    this.name = init.name
    this.namespace = init.namespace
    this.address = init.address
    this.address6 = init.address6
    this.#device = init.device
    this.#plug = init.plug
  }

  /** A person's home on this machine. */
  get home(): string {
    this.#home ??= temporaryHome()
    return this.#home
  }

  /** Runs a command of the system to its end. @throws unless it succeeds */
  run(...words: string[]): string {
    return commandWithin(this.namespace, words)
  }

  /** Whether a command of the system succeeds here. */
  succeeds(...words: string[]): boolean {
    try {
      this.run(...words)
      return true
    } catch {
      return false
    }
  }

  /** Starts a program of the tests here, which may be told more by its stdin. */
  startScript(script: string, ...words: string[]): RunningTaskmesh {
    return startScript(script, words, { within: within(this.namespace), keepsStdin: true })
  }

  start(words: readonly string[], env: Record<string, string> = {}): RunningTaskmesh {
    return startTaskmesh(words, this.#init(env))
  }

  /** Runs `taskmesh` to its end. @returns what it printed @throws unless it succeeds */
  async type(...words: string[]): Promise<string> {
    const { code, stderr, stdout } = await this.tries(...words)
    if (code !== 0) throw new Error(`${this.name}: ${words.join(' ')} exited ${code}: ${stderr}`)
    return stdout
  }

  /** The same for a command that may fail. */
  async tries(...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    return await taskmesh(words, this.#init({}))
  }

  /** Pulls its cable: nobody is told, packets just stay away. */
  cut(): void {
    this.#setPlug('down')
  }

  mend(): void {
    this.#setPlug('up')
  }

  /** What it may send. @param rate as `tc` reads it, such as `8mbit` */
  limitRate(rate: string): void {
    // A burst of less than what one tick lets through would slow it further.
    const shape = ['tbf', 'rate', rate, 'burst', '64kb', 'latency', '200ms']
    this.run('tc', 'qdisc', 'replace', 'dev', this.#device, 'root', ...shape)
  }

  /** Bytes that have gone out by its cable since it was plugged in. */
  sentBytes(): number {
    const words = ['-n', this.namespace, '-s', '-j', 'link', 'show', 'dev', this.#device]
    const [link] = JSON.parse(command('ip', words)) as [{ stats64: { tx: { bytes: number } } }]
    return link.stats64.tx.bytes
  }

  #setPlug(state: 'up' | 'down'): void {
    const { device, namespace } = this.#plug
    command('ip', ['-n', namespace, 'link', 'set', device, state])
  }

  #init(env: Record<string, string>): Parameters<typeof startTaskmesh>[1] {
    return { env: { TASKMESH_HOME: this.home, ...env }, within: within(this.namespace) }
  }
}
