/** The words of one command line after parsing: texts, read as what a command needs them to be. */
import { MeshError } from '../core/errors.ts'
import { parseDurationMs } from '../core/units.ts'
import type { TraceContext } from '../model/trace-context.ts'

/** What stood on the command line or, for settings, in the environment. Everything is text still. */
export interface RawArgs {
  readonly texts: Readonly<Record<string, readonly string[]>>
  /** True, or false where somebody says so (`--mdns=false`). */
  readonly switches: ReadonlyMap<string, boolean>
  readonly positionals: Readonly<Record<string, readonly string[]>>
  /** Flags whose value came from a variable → its name. */
  readonly variables: Readonly<Record<string, string>>
  /** What the command is a part of. */
  readonly trace?: TraceContext | undefined
}

export class Args {
  readonly #raw: RawArgs

  constructor(raw: RawArgs) {
    this.#raw = raw
  }

  has(flag: string): boolean {
    return this.switched(flag) === true
  }

  /** Undefined where nothing is said of it. */
  switched(flag: string): boolean | undefined {
    return this.#raw.switches.get(flag)
  }

  /** The last one given. */
  text(flag: string): string | undefined {
    return this.#raw.texts[flag]?.at(-1)
  }

  list(flag: string): readonly string[] {
    return this.#raw.texts[flag] ?? []
  }

  /** All flags with values, as they stood. */
  get texts(): RawArgs['texts'] {
    return this.#raw.texts
  }

  /** @throws MeshError FIELD_INVALID */
  integer(flag: string, min = 0): number | undefined {
    const value = this.number(flag)
    if (value === undefined || (Number.isSafeInteger(value) && value >= min)) return value
    throw this.#wrong(flag, `a whole number from ${min} up`)
  }

  /** @throws MeshError FIELD_INVALID */
  number(flag: string): number | undefined {
    const text = this.text(flag)
    if (text === undefined) return undefined
    const value = text.trim() === '' ? Number.NaN : Number(text)
    if (Number.isFinite(value)) return value
    throw this.#wrong(flag, 'a number')
  }

  /** @throws MeshError FIELD_INVALID */
  durationMs(flag: string): number | undefined {
    const text = this.text(flag)
    return text === undefined ? undefined : parseDurationMs(text, this.sourceOf(flag))
  }

  positional(name: string): string {
    const value = this.optionalPositional(name)
    if (value !== undefined) return value
    throw new MeshError('FIELD_MISSING', `<${name}> is missing`, { path: name })
  }

  optionalPositional(name: string): string | undefined {
    return this.#raw.positionals[name]?.[0]
  }

  positionalList(name: string): readonly string[] {
    return this.#raw.positionals[name] ?? []
  }

  /** Of whoever has started this command in a trace. */
  get trace(): TraceContext | undefined {
    return this.#raw.trace
  }

  /** What to call the place where a flag's value came from. */
  sourceOf(flag: string): string {
    return this.#raw.variables[flag] ?? `--${flag}`
  }

  #wrong(flag: string, what: string): MeshError {
    return new MeshError('FIELD_INVALID', `"${this.text(flag)}" is not ${what}`, {
      path: this.sourceOf(flag)
    })
  }
}
