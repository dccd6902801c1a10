/**
 * The JavaScript engine of the sandbox: QuickJS compiled to WebAssembly, a new instance per task.
 *
 * Four rules, each from something that was seen to go wrong: an instance serves one task; its memory
 * is a `WebAssembly.Memory` with a maximum (QuickJS's own memory limit let 200 MB through an 8 MiB
 * limit); it is never disposed, only forgotten (disposing after a deep recursion aborts); and what
 * cannot be interrupted (`new Array(1e9) + ''`) is ended by killing the process around it.
 */
import { readFile } from 'node:fs/promises'
import packagedVariant from '@jitl/quickjs-wasmfile-release-sync'
import { newQuickJSWASMModuleFromVariant, newVariant } from 'quickjs-emscripten-core'
import { Guest } from './guest.ts'
import type { QuickJSSyncVariant } from 'quickjs-emscripten-core'

/** The package's types describe its CommonJS build, where this would be one level deeper. */
const baseVariant = packagedVariant as unknown as QuickJSSyncVariant
const PAGE_BYTES = 65_536
/** The module's own minimum: 16 MiB, most of it untouched and therefore free. */
const PAGES_MIN = 256
/** The module's own maximum: 2 GiB. */
const PAGES_MAX = 32_768

/** What a guest has at least, whatever its task asks for. */
export const GUEST_BYTES_MIN: number = PAGES_MIN * PAGE_BYTES

export class QuickJsEngine {
  readonly #wasm: WebAssembly.Module

  private constructor(wasm: WebAssembly.Module) {
    this.#wasm = wasm
  }

  static async load(wasmUrl: URL): Promise<QuickJsEngine> {
    return new QuickJsEngine(await WebAssembly.compile(await readFile(wasmUrl)))
  }

  /** A guest that has run nothing yet. */
  async prepare(memoryBytesMax: number): Promise<Guest> {
    const maximum = Math.min(PAGES_MAX, Math.max(PAGES_MIN, Math.ceil(memoryBytesMax / PAGE_BYTES)))
    const wasmMemory = new WebAssembly.Memory({ initial: PAGES_MIN, maximum })
    const variant = newVariant(baseVariant, { wasmModule: this.#wasm, wasmMemory, log: ignore })
    const quickjs = await newQuickJSWASMModuleFromVariant(variant)
    return new Guest(quickjs.newRuntime(), wasmMemory, memoryBytesMax)
  }
}

function ignore(): void {}
