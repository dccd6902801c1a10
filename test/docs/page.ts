/**
 * Follows one page of the manual: its blocks in their order, each on its machine. A program of its own, because it is
 * started where network, mounts and processes are the page's own: `node page.ts PAGE FOLDER`. It prints how long each
 * block took; whatever fails ends it.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { HERE, Machines, command } from './machines.ts'
import { LET, addressesIn, commandsOf, isRun, isShell, readSnippets, valueOf } from './snippets.ts'
import { prepareFolder, prepareHome } from './checkout.ts'
import { systemClock } from '../../src/core/clock.ts'
import type { Snippet } from './snippets.ts'

/** What a node says when it is up, and what `taskmesh up` says when all of them are. */
const READY = [' ready at ', 'Try, in another terminal']

/** A folder that every system has, and that little stands in; what does is not seen here. */
const HOMES = '/srv'

class Page {
  readonly #folder: string
  readonly #machines: Machines
  /** What stands for what. */
  readonly #meanings = new Map<string, string>()
  /** The file with what was printed last. */
  #said = '/dev/null'

  constructor(folder: string, machines: Machines) {
    this.#folder = folder
    this.#machines = machines
  }

  async follow(snippet: Snippet): Promise<void> {
    const { language, words } = snippet
    const file = valueOf(snippet, 'file')
    if (language === LET) await this.#let(snippet)
    else if (file !== undefined) this.#write(file, snippet)
    else if (!isShell(snippet) || !isRun(snippet)) return
    else if (words.includes('background')) await this.#start(snippet)
    else await this.#run(snippet)
  }

  async #let(snippet: Snippet): Promise<void> {
    const [name = ''] = snippet.words
    // What it finds is looked at, not how.
    const text = `( set +e +o pipefail; { ${snippet.text}; } 2> /dev/null; true )`
    const prints = await this.#type({ ...snippet, text })
    const meaning = readFileSync(prints, 'utf8').trim()
    if (meaning === '' || meaning.includes('\n')) {
      throw new Error(`${name} is to stand for one line, not for:\n${meaning}`)
    }
    this.#meanings.set(name, meaning)
  }

  #write(file: string, snippet: Snippet): void {
    const path = join(prepareHome(this.#folder, machineOf(snippet)), file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, `${this.#meant(snippet.text)}\n`)
  }

  async #run(snippet: Snippet): Promise<void> {
    this.#said = await this.#type(snippet)
  }

  async #start(snippet: Snippet): Promise<void> {
    const terminal = await this.#machines.terminal(machineOf(snippet))
    const words = snippet.words.filter((word) => word.startsWith('ready='))
    const ready = [...READY, ...words.map((word) => word.slice('ready='.length))]
    for (const line of commandsOf(snippet)) {
      // oxlint-disable-next-line no-await-in-loop
      this.#said = await terminal.start(this.#meant(line), ready)
    }
  }

  async #type(snippet: Snippet): Promise<string> {
    const terminal = await this.#machines.terminal(machineOf(snippet))
    const code = Number(valueOf(snippet, 'fails') ?? 0)
    return await terminal.run(`said=${this.#said}\n${this.#meant(snippet.text)}`, code)
  }

  /** What a reader types in the place of what is written there. */
  #meant(text: string): string {
    const names = [...this.#meanings.keys()].toSorted((one, other) => other.length - one.length)
    if (names.length === 0) return text
    const literal = names.map((name) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
    const words = new RegExp(String.raw`(?<![\w-])(?:${literal.join('|')})(?![\w-])`, 'g')
    return text.replaceAll(words, (name) => this.#meanings.get(name) ?? name)
  }
}

function fail(why: string): never {
  process.stdout.write(`${why}\n`)
  process.exit(1)
}

/** Homes lie where homes do: of a passing folder taskmesh would warn. */
function settle(given: string): string {
  command('mount', '--bind', given, HOMES)
  return HOMES
}

function machineOf(snippet: Snippet): string {
  return valueOf(snippet, 'host') ?? HERE
}

async function followPage(path: string, given: string): Promise<void> {
  const folder = settle(given)
  const snippets = readSnippets(readFileSync(path, 'utf8'))
  const machines = new Machines(folder, prepareFolder(folder), addressesIn(snippets))
  const page = new Page(folder, machines)
  for (const snippet of snippets) {
    const sinceMs = systemClock.monotonicMs()
    try {
      // oxlint-disable-next-line no-await-in-loop
      await page.follow(snippet)
    } catch (error) {
      fail(`line ${snippet.line}: ${(error as Error).message}`)
    }
    const tookMs = Math.round(systemClock.monotonicMs() - sinceMs)
    process.stdout.write(`line ${snippet.line}: ${tookMs} ms\n`)
  }
  await machines.close().catch((error: Error) => fail(`the end: ${error.message}`))
}

const [path = '', folder = ''] = process.argv.slice(2)
await followPage(path, folder)
process.exit(0)
