/**
 * WASI preview 1 for one program, wholly in memory: the program sees its arguments, its environment,
 * three streams and one folder tree, and nothing of the machine but how time passes.
 *
 * Written anew rather than taken. `node:wasi` lets a program out: two symbolic links are enough. The
 * best of the packages (`@bjorn3/browser_wasi_shim`) has no quotas, copies a file whole with each
 * write, counts arguments in UTF-16, spins to sleep and never uses a file's number again: its files,
 * folders, arguments and waiting would all have to be replaced, and little of it would be left.
 */
import { CLOCK, ERRNO } from './abi.ts'
import { DescriptorTable } from './descriptors.ts'
import { FileError, FileSystem } from './file-system.ts'
import { GuestMemory, MemoryFault } from './guest-memory.ts'
import { descriptorCalls } from './descriptor-calls.ts'
import { pathCalls } from './path-calls.ts'
import { processCalls } from './process-calls.ts'
import { transferCalls } from './transfer-calls.ts'
import type { Clock } from '../../core/clock.ts'
import type { DeviceNode } from './nodes.ts'
import type { Errno, WasiCalls } from './abi.ts'

export interface WasiInit {
  /** Its monotonic time is real: programs measure and sleep by it. */
  clock: Pick<Clock, 'monotonicMs'>
  /** What the program takes for the time of day, in microseconds since 1970. */
  realtimeUs: () => number
  /** `argv`, the program's own name first. */
  args: readonly string[]
  /** `NAME=value` each. */
  environment: readonly string[]
  stdin: DeviceNode
  stdout: DeviceNode
  stderr: DeviceNode
  fileBytesMax: number
  filesMax: number
  /** Blocks the program for a while. */
  wait: (delayMs: number) => void
  fillRandom: (target: Uint8Array) => void
}

/** What the calls work on. */
export interface WasiContext {
  readonly init: WasiInit
  readonly memory: GuestMemory
  readonly files: FileSystem
  readonly descriptors: DescriptorTable
  /** Nanoseconds of one of the clocks. @throws FileError inval */
  readonly nowNs: (clockId: number) => bigint
}

const NS_PER_US = 1_000n

type AnyCall = (...args: (number | bigint)[]) => Errno

export class WasiSystem {
  readonly files: FileSystem
  readonly #init: WasiInit
  readonly #memory = new GuestMemory()
  readonly #descriptors = new DescriptorTable()
  readonly #startedNs: bigint
  #end: unknown

  constructor(init: WasiInit) {
    this.#init = init
    this.#startedNs = this.#monotonicNs()
    this.files = new FileSystem({
      bytesMax: init.fileBytesMax,
      nodesMax: init.filesMax,
      nowNs: () => this.#nowNs(CLOCK.realtime)
    })
    this.#descriptors.add(init.stdin, { isReadable: true })
    this.#descriptors.add(init.stdout, { isWritable: true })
    this.#descriptors.add(init.stderr, { isWritable: true })
    // One folder for all: absolute and relative paths of a program both begin there.
    this.#descriptors.add(this.files.root, { preopenName: '/' })
  }

  /** What a call threw to end the program; a program may have caught it and gone on. */
  get end(): unknown {
    return this.#end
  }

  /** The functions that the program imports. */
  imports(): WebAssembly.ModuleImports {
    const context: WasiContext = {
      init: this.#init,
      memory: this.#memory,
      files: this.files,
      descriptors: this.#descriptors,
      nowNs: (clockId) => this.#nowNs(clockId)
    }
    const calls: WasiCalls = {
      ...processCalls(context),
      ...descriptorCalls(context),
      ...transferCalls(context),
      ...pathCalls(context)
    }
    const entries = Object.entries(calls) as [string, AnyCall][]
    return Object.fromEntries(entries.map(([name, call]) => [name, this.#guard(call)]))
  }

  /** To be called before the program makes its first call. */
  attach(memory: WebAssembly.Memory): void {
    this.#memory.attach(memory)
  }

  #guard(call: AnyCall): AnyCall {
    return (...args) => {
      if (this.#end !== undefined) throw this.#end as Error
      try {
        // Addresses and lengths above 2 GiB arrive as negative numbers.
        return call(...args.map((arg) => (typeof arg === 'number' ? arg >>> 0 : arg)))
      } catch (cause) {
        if (cause instanceof FileError) return cause.errno
        if (cause instanceof MemoryFault) return ERRNO.fault
        this.#end = cause
        throw cause
      }
    }
  }

  #nowNs(clockId: number): bigint {
    switch (clockId) {
      case CLOCK.realtime:
        return BigInt(this.#init.realtimeUs()) * NS_PER_US
      case CLOCK.monotonic:
        return this.#monotonicNs()
      case CLOCK.processCpu:
      case CLOCK.threadCpu:
        // A program has a processor of its own for as long as it runs, as far as it can tell.
        return this.#monotonicNs() - this.#startedNs
      default:
        throw new FileError(ERRNO.inval)
    }
  }

  #monotonicNs(): bigint {
    return BigInt(Math.round(this.#init.clock.monotonicMs() * 1e6))
  }
}
