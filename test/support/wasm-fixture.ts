/** The prebuilt WebAssembly programs of `test/fixtures/wasm`, where a README says what each is. */
import { brotliDecompressSync } from 'node:zlib'
import { existsSync, readFileSync } from 'node:fs'

/** Those that were not written for us. */
export const REAL_PROGRAMS = [
  'bzip2',
  'cmark',
  'jq',
  'minigzip',
  'ripgrep',
  'sqlite3',
  'xmlwf',
  'zopfli'
] as const

export type WasmFixture = (typeof REAL_PROGRAMS)[number] | 'probe'

export function readWasmFixture(name: WasmFixture): Uint8Array {
  const path = new URL(`../fixtures/wasm/${name}.wasm`, import.meta.url)
  if (existsSync(path)) return readFileSync(path)
  return brotliDecompressSync(readFileSync(new URL(`${path.href}.br`)))
}
