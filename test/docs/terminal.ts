/**
 * A terminal of a page: a bash that lives as long as the page does, so that what one block sets, another finds. What is
 * typed there is printed into files, because whoever follows a page also looks back at what was printed.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { sleep } from '../../src/core/abort.ts'
import { systemClock } from '../../src/core/clock.ts'
import type { ChildProcess } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'

const POLL_MS = 50
/** Far more than anything takes, so that a page that stands still says where. */
const STEP_MS = 240_000

/** Of what was to stay: done, or ended by a signal, as a page may have it. */
const ENDED_WELL: ReadonlySet<string> = new Set(['', '0', '130', '137', '143'])

/** The descriptor by which the shell says how something ended. */
const ANSWERS = 3

const PRELUDE = String.raw`
set -uo pipefail
# Another process group for each command that stays, so that npx and what it runs end together.
set -m
# An end that nobody writes to: as somebody who sits there and types nothing.
exec 8<> "$SILENCE"
quit() {
  local pid
  pid=$(cat $(ls -tr "$SCRATCH"-*.said) | sed -n "s/^$1 .* ready at .* pid \([0-9]*\)$/\1/p" | tail -1)
  kill -TERM "$pid"
  while kill -0 "$pid" 2> /dev/null; do sleep 0.05; done
}
peer() { sed -n 's/^[a-z]* .*\(12D3KooW[A-Za-z0-9]*\) ready at .*/\1/p' "$said" | tail -1; }
short() { peer | tail -c 7; }
job() { grep -o 'j-[a-z0-9]\{12\}' "$said" | head -1; }
eventually() { until "$@" > "$SCRATCH.tried" 2>&1; do sleep 0.1; done; cat "$SCRATCH.tried"; }
`

export interface TerminalInit {
  /** The machine that it is of. */
  name: string
  home: string
  /** Where its files lie, which the page has nothing to do with. */
  desk: string
  env: Readonly<Record<string, string>>
  /** What starts the shell somewhere else than here. */
  within?: readonly string[]
}

/** What stays up, and where it prints. */
interface Lasting {
  pid: number
  prints: string
  ends: string
  /** It was seen to be ready; how it ends is the page's affair. */
  isAwaited: boolean
}

export class Terminal {
  readonly #shell: ChildProcess
  readonly #answers: AsyncIterator<string>
  readonly #desk: string
  readonly #name: string
  readonly #lasting: Lasting[] = []
  #fileCount = 0

  constructor({ name, home, desk, env, within = [] }: TerminalInit) {
    this.#name = name
    this.#desk = desk
    const own = { SILENCE: join(desk, 'silence'), SCRATCH: join(desk, name) }
    this.#shell = spawn('env', [...within, 'bash', '--noprofile', '--norc'], {
      cwd: home,
      env: { ...env, ...own, HOME: home },
      stdio: ['pipe', 'inherit', 'inherit', 'pipe']
    })
    const answers = this.#shell.stdio[ANSWERS] as Readable
    this.#answers = createInterface({ input: answers })[Symbol.asyncIterator]()
    this.#type(PRELUDE)
  }

  /** As its neighbours on this machine know it. */
  get pid(): number {
    return this.#shell.pid ?? 0
  }

  /** Runs a block to its end. @returns the file with what it printed @throws unless it ends with the code */
  async run(text: string, code = 0): Promise<string> {
    const { prints, script } = this.#files(text)
    // A subshell is enough, and needed, only where it is to fail: what a block sets, the next one finds.
    const call = code === 0 ? `set -e; . ${script}; set +e` : `( set -e; . ${script} )`
    const ended = await this.#ask(`{ ${call}; } < /dev/null > ${prints} 2>&1 ${ANSWERS}>&-`, prints)
    if (ended === String(code)) return prints
    throw new Error(`ended with ${ended}, not ${code}:\n${readFileSync(prints, 'utf8')}`)
  }

  /** Starts a command that may stay. @returns the file that it prints into, once it is ready or has ended well */
  async start(text: string, ready: readonly string[]): Promise<string> {
    const { ends, prints, script } = this.#files(text)
    const streams = `<&8 > ${prints} 2>&1 ${ANSWERS}>&-`
    // With the trap it stays until what it has started is gone.
    this.#type(`( trap : TERM; . ${script}; echo $? > ${ends} ) ${streams} & echo $! >&${ANSWERS}`)
    const pid = Number(await this.#answer(prints))
    const lasting = { pid, prints, ends, isAwaited: !ready.includes('') }
    this.#lasting.push(lasting)
    await this.#untilReady(lasting, ready)
    return prints
  }

  /** Has what stays here end in its own way. @throws if something that nobody waited for has failed */
  async close(): Promise<void> {
    for (const { ends, isAwaited, prints } of this.#lasting) {
      if (isAwaited) continue
      const code = existsSync(ends) ? readFileSync(ends, 'utf8').trim() : '0'
      if (!ENDED_WELL.has(code)) {
        throw new Error(`has ended with ${code}:\n${readFileSync(prints, 'utf8')}`)
      }
    }
    for (const { pid } of this.#lasting) this.#type(`kill -TERM -- -${pid} 2> /dev/null`)
    this.#type(`wait`)
    this.#stdin.end()
    if (this.#shell.exitCode === null) await once(this.#shell, 'exit')
  }

  get #stdin(): Writable {
    return this.#shell.stdin as Writable
  }

  #files(text: string): { script: string; prints: string; ends: string } {
    const place = join(this.#desk, `${this.#name}-${++this.#fileCount}`)
    writeFileSync(`${place}.sh`, `${text}\n`)
    writeFileSync(`${place}.said`, '')
    return { script: `${place}.sh`, prints: `${place}.said`, ends: `${place}.ended` }
  }

  #type(line: string): void {
    this.#stdin.write(`${line}\n`)
  }

  /** @returns the code with which it ended, or with which it took the shell along */
  async #ask(line: string, prints: string): Promise<string> {
    this.#type(`${line}\necho $? >&${ANSWERS}`)
    return await this.#answer(prints)
  }

  async #answer(prints: string): Promise<string> {
    const late = Promise.withResolvers<never>()
    const giveUp = systemClock.after(STEP_MS, () =>
      late.reject(new Error(`stands still, and has printed:\n${readFileSync(prints, 'utf8')}`))
    )
    const answer = await Promise.race([this.#answers.next(), late.promise])
    giveUp()
    if (answer.done !== true) return answer.value
    if (this.#shell.exitCode === null) await once(this.#shell, 'exit')
    return String(this.#shell.exitCode)
  }

  async #untilReady({ ends, prints }: Lasting, ready: readonly string[]): Promise<void> {
    const untilMs = systemClock.monotonicMs() + STEP_MS
    for (;;) {
      const hasEnded = existsSync(ends) && readFileSync(ends, 'utf8').endsWith('\n')
      const printed = readFileSync(prints, 'utf8')
      if (hasEnded && readFileSync(ends, 'utf8') === '0\n') return
      if (hasEnded) throw new Error(`ended before it was ready:\n${printed}`)
      if (ready.some((text) => printed.includes(text))) return
      if (systemClock.monotonicMs() > untilMs) throw new Error(`is not ready:\n${printed}`)
      // oxlint-disable-next-line no-await-in-loop
      await sleep(systemClock, POLL_MS)
    }
  }
}
