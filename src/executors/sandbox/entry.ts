/**
 * A sandbox host: the process in which the code of strangers runs, one task at a time. It is started
 * by `sandbox-host.ts` with no environment and no rights to files beyond its own code, says `ready`,
 * then answers each `run` with `done`. It trusts nothing to end it but a signal, so everything that
 * matters is checked again by its parent.
 */
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { LogBuffer } from './log-buffer.ts'
import { ProgressBuffer } from './progress-buffer.ts'
import { GUEST_BYTES_MIN, QuickJsEngine } from './quickjs.ts'
import { systemClock } from '../../core/clock.ts'
import type { Guest } from './guest.ts'
import type { HostMessage, RunMessage } from './messages.ts'

/** How often a busy host looks whether its parent still lives; the pipe cannot tell it meanwhile. */
const ORPHAN_CHECK_MS = 500
/** Used guests that grew are real memory; V8 would let several pile up before it looks. */
const GARBAGE_BYTES_MAX = 64 * 1_024 * 1_024

const parentPid = process.ppid
let spare: Promise<Guest> | undefined
let spareMemoryBytes = 0
let garbageBytes = 0

// A terminal's Ctrl-C and a service manager's stop reach the whole group: the parent decides, not they.
process.on('SIGINT', ignore)
process.on('SIGTERM', ignore)
process.on('disconnect', () => process.exit(0))

const wasmPath = createRequire(import.meta.url).resolve('@jitl/quickjs-wasmfile-release-sync/wasm')
const engine = await QuickJsEngine.load(pathToFileURL(wasmPath))
await engine.prepare(0)

process.on('message', (message) => {
  // A failure to even prepare an engine is a crash of the host: the parent reads it on stderr.
  void run(message as RunMessage)
})
send({ type: 'ready' })

async function run(message: RunMessage): Promise<void> {
  const guest = await takeGuest(message.memoryBytesMax)
  const startedMs = systemClock.monotonicMs()
  const cpu = process.cpuUsage()
  const logs = new LogBuffer({
    clock: systemClock,
    send: (entries, droppedBytes) => send({ type: 'log', entries, droppedBytes })
  })
  const reports = new ProgressBuffer({
    clock: systemClock,
    send: (progress) => send({ type: 'progress', progress })
  })
  let nextOrphanCheckMs = startedMs + ORPHAN_CHECK_MS
  const end = guest.run({
    source: message.source,
    input: message.input,
    onLog: (stream, text, cutLength) => logs.write(stream, text, cutLength),
    onProgress: (progress) => reports.report(progress),
    isOverdue() {
      const nowMs = systemClock.monotonicMs()
      logs.flushIfStale()
      reports.flushIfStale()
      if (nowMs >= nextOrphanCheckMs) {
        nextOrphanCheckMs = nowMs + ORPHAN_CHECK_MS
        if (process.ppid !== parentPid) process.exit(0)
      }
      return nowMs - startedMs >= message.timeoutMs
    }
  })
  logs.flush()
  reports.flush()
  const { user, system } = process.cpuUsage(cpu)
  send({
    type: 'done',
    ...end,
    wallMs: systemClock.monotonicMs() - startedMs,
    cpuMs: (user + system) / 1_000,
    peakMemoryBytes: guest.memoryBytes
  })
  garbageBytes += guest.memoryBytes - GUEST_BYTES_MIN
  setImmediate(prepareSpare, message.memoryBytesMax)
}

async function takeGuest(memoryBytesMax: number): Promise<Guest> {
  const ready = spareMemoryBytes === memoryBytesMax ? spare : undefined
  spare = undefined
  return (await ready) ?? engine.prepare(memoryBytesMax)
}

/** Between two tasks: the next one is likely to ask for the same limits. */
function prepareSpare(memoryBytesMax: number): void {
  if (garbageBytes >= GARBAGE_BYTES_MAX) {
    garbageBytes = 0
    globalThis.gc?.()
  }
  spareMemoryBytes = memoryBytesMax
  spare ??= engine.prepare(memoryBytesMax)
}

function send(message: HostMessage): void {
  process.send?.(message)
}

function ignore(): void {}
