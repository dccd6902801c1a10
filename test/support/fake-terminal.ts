/** A terminal that remembers what was written to it. */
import { runCli } from '../../src/cli/run-cli.ts'
import type { Terminal, TextSink } from '../../src/cli/terminal.ts'

export interface FakeTerminalInit {
  env?: Record<string, string>
  stdin?: string
  isTTY?: boolean
  isStderrTTY?: boolean
  signal?: AbortSignal
}

export interface CliRun {
  code: number
  stdout: string
  stderr: string
}

class FakeSink implements TextSink {
  text = ''
  readonly isTTY: boolean
  readonly columns = 120

  constructor(isTTY: boolean) {
    this.isTTY = isTTY
  }

  write(content: string | Uint8Array): void {
    this.text += typeof content === 'string' ? content : Buffer.from(content).toString()
  }

  async drained(): Promise<void> {}
}

export function fakeTerminal(
  init: FakeTerminalInit = {}
): Terminal & { stdout: FakeSink; stderr: FakeSink } {
  const stdout = new FakeSink(init.isTTY ?? false)
  return {
    // A home without routers, so that no test talks to a mesh of this machine.
    env: { TASKMESH_HOME: '/nonexistent/taskmesh', ...init.env },
    stdout,
    editLines: () => ({
      [Symbol.asyncIterator]: () => linesOf(init.stdin ?? ''),
      print: (text) => stdout.write(`${text}\n`),
      close: () => {}
    }),
    stderr: new FakeSink(init.isStderrTTY ?? false),
    readStdin: async () => Buffer.from(init.stdin ?? ''),
    signal: init.signal ?? new AbortController().signal
  }
}

/** Runs one command line in this process. */
export async function runInProcess(
  words: readonly string[],
  init: FakeTerminalInit = {}
): Promise<CliRun> {
  const terminal = fakeTerminal(init)
  const code = await runCli(words, terminal)
  return { code, stdout: terminal.stdout.text, stderr: terminal.stderr.text }
}

async function* linesOf(text: string): AsyncGenerator<string, void> {
  yield* text.split('\n').filter((line) => line !== '')
}
