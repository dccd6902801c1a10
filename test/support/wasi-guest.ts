/** A program that a test plays itself: it calls the system with addresses in a memory of its own. */
import { DeviceNode } from '../../src/executors/wasi/nodes.ts'
import { ERRNO } from '../../src/executors/wasi/abi.ts'
import { FakeClock } from './fake-clock.ts'
import { WasiSystem } from '../../src/executors/wasi/wasi-system.ts'
import type { WasiCallName } from '../../src/executors/wasi/abi.ts'
import type { WasiInit } from '../../src/executors/wasi/wasi-system.ts'

type Argument = number | bigint

/** The folder that a program starts with. */
export const ROOT_FD = 3
export const RIGHTS = { none: 0n, read: 2n, write: 64n, both: 66n } as const
/** Answers are written here, texts from there on. */
const ANSWER = 1_024
const TEXTS = 2_048

export class WasiGuest {
  readonly clock = new FakeClock()
  readonly memory = new WebAssembly.Memory({ initial: 1, maximum: 2 })
  readonly system: WasiSystem
  readonly waits: number[] = []
  readonly #imports: WebAssembly.ModuleImports
  #textAt = TEXTS

  constructor(init: Partial<WasiInit> = {}) {
    this.system = new WasiSystem({
      clock: this.clock,
      realtimeUs: () => 1_000_000,
      args: ['program', 'é'],
      environment: ['A=b'],
      stdin: new DeviceNode({ read: () => 0 }),
      stdout: new DeviceNode({ write: () => undefined }),
      stderr: new DeviceNode({ write: () => undefined }),
      fileBytesMax: 100_000,
      filesMax: 20,
      wait: (ms) => void this.waits.push(ms),
      fillRandom: (target) => void target.fill(7),
      ...init
    })
    this.system.attach(this.memory)
    this.#imports = this.system.imports()
  }

  get bytes(): Uint8Array {
    return new Uint8Array(this.memory.buffer)
  }

  get view(): DataView {
    return new DataView(this.memory.buffer)
  }

  /** @returns errno */
  call(name: WasiCallName, ...args: Argument[]): number {
    return (this.#imports[name] as (...values: Argument[]) => number)(...args)
  }

  /** The answer of a call that writes it where its last argument says. @throws when it refuses */
  ask(name: WasiCallName, ...args: Argument[]): number {
    this.view.setUint32(ANSWER, 0, true)
    const errno = this.call(name, ...args, ANSWER)
    if (errno !== ERRNO.success) throw new Error(`${name}: errno ${errno}`)
    return this.view.getUint32(ANSWER, true)
  }

  /** @returns address and length */
  text(text: string): [number, number] {
    const bytes = Buffer.from(text)
    const at = this.#textAt
    this.bytes.set(bytes, at)
    this.#textAt += bytes.byteLength
    return [at, bytes.byteLength]
  }

  /** @returns address and count of a list with one buffer */
  buffer(address: number, length: number): [number, number] {
    this.view.setUint32(8, address, true)
    this.view.setUint32(12, length, true)
    return [8, 1]
  }

  /** @returns arguments of `path_open` without its answer's address */
  opening(path: string, oFlags: number, rights: bigint, fdFlags = 0): Argument[] {
    return [ROOT_FD, 0, ...this.text(path), oFlags, rights, 0n, fdFlags]
  }

  /** @returns descriptor */
  open(path: string, oFlags: number, rights: bigint, fdFlags = 0): number {
    return this.ask('path_open', ...this.opening(path, oFlags, rights, fdFlags))
  }

  write(fd: number, text: string): number {
    return this.ask('fd_write', fd, ...this.buffer(...this.text(text)))
  }

  read(fd: number, length: number): string {
    const count = this.ask('fd_read', fd, ...this.buffer(32_768, length))
    return Buffer.from(this.bytes.subarray(32_768, 32_768 + count)).toString()
  }
}
