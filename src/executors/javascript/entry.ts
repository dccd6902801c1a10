/** The sandbox host for JavaScript: a fresh QuickJS per task, the next one made ready between two tasks. */
import { GUEST_BYTES_MIN, QuickJsEngine } from './quickjs.ts'
import { serveTasks } from '../sandbox/serve-tasks.ts'
import { systemClock } from '../../core/clock.ts'
import type { Guest, JavascriptRequest } from './guest.ts'
import type { GuestEnd, GuestRun } from '../sandbox/serve-tasks.ts'

/** How often a busy host looks whether its parent still lives; the pipe cannot tell it meanwhile. */
const ORPHAN_CHECK_MS = 500
/** Used guests that grew are real memory; V8 would let several pile up before it looks. */
const GARBAGE_BYTES_MAX = 64 * 1_024 * 1_024

const parentPid = process.ppid
let spare: Promise<Guest> | undefined
let spareMemoryBytes = 0
let garbageBytes = 0

const wasm = new URL(import.meta.resolve('@jitl/quickjs-wasmfile-release-sync/wasm'))
const engine = await QuickJsEngine.load(wasm)
await engine.prepare(0)
serveTasks(run)

async function run(task: GuestRun<JavascriptRequest>): Promise<GuestEnd> {
  const { attachments, logs, memoryBytesMax, progress, request, timeoutMs } = task
  const guest = await takeGuest(memoryBytesMax)
  const startedMs = systemClock.monotonicMs()
  let nextOrphanCheckMs = startedMs + ORPHAN_CHECK_MS
  const end = guest.run({
    ...request,
    attachments,
    onLog: (stream, text, cutLength) => logs.write(stream, text, cutLength),
    onProgress: (report) => progress.report(report),
    isOverdue() {
      const nowMs = systemClock.monotonicMs()
      logs.flushIfStale()
      progress.flushIfStale()
      if (nowMs >= nextOrphanCheckMs) {
        nextOrphanCheckMs = nowMs + ORPHAN_CHECK_MS
        if (process.ppid !== parentPid) process.exit(0)
      }
      return nowMs - startedMs >= timeoutMs
    }
  })
  garbageBytes += guest.memoryBytes - GUEST_BYTES_MIN
  setImmediate(prepareSpare, memoryBytesMax)
  return { ...end, peakMemoryBytes: guest.memoryBytes }
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
