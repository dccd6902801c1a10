/** Runs an owner's command on a text: a process group of its own, which ends whole and sees no secrets of ours. */
import { spawn } from 'node:child_process'
import { childEnvironment } from '../../core/child-environment.ts'
import { deferred } from '../../core/abort.ts'
import type { ChildProcess } from 'node:child_process'

export interface CommandRun {
  /** What it gets on stdin. */
  text: string
  /** Ends it. */
  signal: AbortSignal
  /** What it may write to stdout. */
  bytesMax: number
}

/** @returns its stdout. @throws Error when it cannot be started, fails, writes too much or is ended */
export async function runCommand(command: string, run: CommandRun): Promise<string> {
  run.signal.throwIfAborted()
  const child = spawn('sh', ['-c', command], {
    // A group of its own: what the shell started ends with it.
    detached: true,
    env: childEnvironment(),
    stdio: ['pipe', 'pipe', 'ignore']
  })
  const ended = deferred<string>()
  const onAbort = (): void => ended.reject(run.signal.reason)
  run.signal.addEventListener('abort', onAbort, { once: true })
  collect(child, run.bytesMax, ended)
  child.stdin?.end(run.text)
  try {
    return await ended.promise
  } finally {
    run.signal.removeEventListener('abort', onAbort)
    endGroup(child)
  }
}

function collect(child: ChildProcess, bytesMax: number, ended: PromiseWithResolvers<string>): void {
  const chunks: Buffer[] = []
  let bytes = 0
  // A command need not read what it gets.
  child.stdin?.on('error', () => {})
  child.stdout?.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes <= bytesMax) chunks.push(chunk)
    else ended.reject(new Error(`its answer is longer than ${bytesMax} bytes`))
  })
  child.on('error', (cause) => ended.reject(cause))
  child.on('close', (code, signal) => {
    if (code === 0) ended.resolve(Buffer.concat(chunks).toString('utf8'))
    else ended.reject(new Error(`it ended with ${signal ?? `code ${code}`}`))
  })
}

/** Also what the shell left behind in the background. */
function endGroup(child: ChildProcess): void {
  child.stdout?.destroy()
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // All of it is gone already.
  }
}
