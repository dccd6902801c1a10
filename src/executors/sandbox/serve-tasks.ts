/**
 * The life of a sandbox host, whatever guest it holds: the process in which the code of strangers
 * runs, one task at a time. It is started by `sandbox-host.ts` with no environment and no rights to
 * files beyond its own code, says `ready`, then answers each `run` with `done`. It trusts nothing to
 * end it but a signal, so everything that matters is checked again by its parent.
 */
import { Socket } from 'node:net'
import { BYTES_DESCRIPTOR, BytePipe } from './byte-pipe.ts'
import { LogBuffer } from './log-buffer.ts'
import { MessagePipe, PIPE_DESCRIPTOR } from './message-pipe.ts'
import { ProgressBuffer } from './progress-buffer.ts'
import { systemClock } from '../../core/clock.ts'
import type { DoneMessage, HostMessage, ProducedFile, RunMessage } from './messages.ts'

/** How a task ended, as the guest knows it. */
export interface GuestEnd extends Pick<
  DoneMessage,
  'output' | 'fault' | 'isSpent' | 'peakMemoryBytes'
> {
  /** What it has left for its task's wishes. */
  produced?: (Omit<ProducedFile, 'bytes'> & { content: Uint8Array })[]
}

/** One task for the guest, and where it reports. */
export interface GuestRun<Request> {
  request: Request
  /** What the task brings beside it. */
  attachments: readonly Uint8Array<ArrayBuffer>[]
  memoryBytesMax: number
  timeoutMs: number
  logs: LogBuffer
  progress: ProgressBuffer
}

/** Must be called once the guest can take a task. A rejection of `run` is a crash of the host: its parent reads why on stderr. */
export function serveTasks<Request>(run: (task: GuestRun<Request>) => Promise<GuestEnd>): void {
  // A terminal's Ctrl-C and a service manager's stop reach the whole group: the parent decides, not they.
  process.on('SIGINT', ignore)
  process.on('SIGTERM', ignore)
  // Not `exit`: that would wait for a guest's thread, which may be busy for ever.
  const stream = new Socket({ fd: PIPE_DESCRIPTOR, readable: true, writable: true })
  stream.on('error', ignore)
  stream.on('close', () => process.kill(process.pid, 'SIGKILL'))
  const bytes = new BytePipe(new Socket({ fd: BYTES_DESCRIPTOR, readable: true, writable: true }))
  const pipe = new MessagePipe(stream, {
    onMessage: (message) => void serve(run, message as RunMessage<Request>, { bytes, send })
  })
  send({ type: 'ready' })

  function send(message: HostMessage): void {
    pipe.send(message)
  }
}

async function serve<Request>(
  run: (task: GuestRun<Request>) => Promise<GuestEnd>,
  { attachedBytes, request, memoryBytesMax, timeoutMs }: RunMessage<Request>,
  { bytes, send }: { bytes: BytePipe; send: (message: HostMessage) => void }
): Promise<void> {
  const startedMs = systemClock.monotonicMs()
  const cpu = process.cpuUsage()
  const logs = new LogBuffer({
    clock: systemClock,
    send: (entries, droppedBytes) => send({ type: 'log', entries, droppedBytes })
  })
  const progress = new ProgressBuffer({
    clock: systemClock,
    send: (report) => send({ type: 'progress', progress: report })
  })
  const attachments: Uint8Array<ArrayBuffer>[] = []
  for (const size of attachedBytes) attachments.push(await bytes.receive(size))
  const task = { request, attachments, memoryBytesMax, timeoutMs, logs, progress }
  const { produced = [], ...end } = await run(task)
  logs.flush()
  progress.flush()
  const { user, system } = process.cpuUsage(cpu)
  send({
    type: 'done',
    ...end,
    produced: produced.map(({ content, ...file }) => ({ ...file, bytes: content.byteLength })),
    wallMs: systemClock.monotonicMs() - startedMs,
    cpuMs: (user + system) / 1_000
  })
  for (const { content } of produced) await bytes.send(content)
}

function ignore(): void {}
