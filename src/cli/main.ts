/** The command `taskmesh`: joins `runCli` to this process, its signals and its exit code. */
import { reportError, runCli } from './run-cli.ts'
import { EXIT } from './exit-codes.ts'
import { hideWords, takeEnvironment } from './secret-words.ts'
import { isStrayStreamError } from '../network/stray-errors.ts'
import { printable } from '../core/plain-text.ts'
import { processTerminal } from './terminal.ts'

/** Why commands are told to stop; compared by identity. */
class Interruption extends Error {
  override readonly name = 'Interruption'
}

const controller = new AbortController()
let interruptionCount = 0

/** The first asks the command to end; with the second, patience has ended. */
function interrupt(): void {
  interruptionCount += 1
  if (interruptionCount > 1) process.exit(EXIT.detached)
  controller.abort(new Interruption('interrupted'))
}

// Without a listener Node opens its debugger to whoever of this user sends it: a sandbox host, were it taken over.
process.on('SIGUSR1', () => undefined)

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt)

// A node that was started by `up` or `demo` doesn't outlive it.
if (process.send !== undefined) process.once('disconnect', interrupt)

// `taskmesh job list | head -1` closes the pipe early, which is nobody's fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.completed)
  throw error
})
process.stderr.on('error', () => undefined)

const words = process.argv.slice(2)
hideWords('taskmesh', words)
// A report of Node's own about a crash holds the environment as it was at the start.
process.report.excludeEnv = true
const terminal = processTerminal(takeEnvironment(process.env), controller.signal)

// What nobody foresaw ends the process, but not with a page of stack.
process.on('uncaughtException', (error) => {
  if (isStrayStreamError(error)) {
    const why = printable(error.message)
    process.stderr.write(`warning: a connection ended in the middle of a write: ${why}\n`)
    return
  }
  reportError(error, words, terminal)
  process.exit(EXIT.error)
})

const code = await runCli(words, terminal)
process.stdout.write('', () => process.exit(code))
