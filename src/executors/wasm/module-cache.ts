/**
 * The modules that a sandbox host compiled last. A job of many items runs the same module again and
 * again, and compiling it costs more than running many a program.
 */
import { createHash } from 'node:crypto'
import { guardModule } from './guard.ts'
import type { GuardLimits } from './guard.ts'

/** With these a host stays small, and a slot seldom alternates between more jobs. */
const MODULES_MAX = 8

export class ModuleCache {
  /** The longest unused comes first. */
  readonly #modules = new Map<string, WebAssembly.Module>()

  /** @throws ModuleRefusal, WebAssembly.CompileError */
  compile(module: Uint8Array, limits: GuardLimits): WebAssembly.Module {
    // The limit of the memory is part of what is compiled.
    const digest = createHash('sha256').update(module).digest('base64')
    const key = `${digest} ${limits.memoryPagesMax} ${limits.functionBytesMax}`
    const compiled = this.#modules.get(key) ?? compile(module, limits)
    this.#modules.delete(key)
    this.#modules.set(key, compiled)
    if (this.#modules.size > MODULES_MAX) {
      const [oldest = ''] = this.#modules.keys()
      this.#modules.delete(oldest)
    }
    return compiled
  }
}

function compile(bytes: Uint8Array, limits: GuardLimits): WebAssembly.Module {
  return new WebAssembly.Module(guardModule(bytes, limits) as Uint8Array<ArrayBuffer>)
}
