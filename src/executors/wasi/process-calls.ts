/** The calls about the program itself: its arguments, the time, chance, waiting, its end, and sockets, which it has none of. */
import { CLOCK_ABSOLUTE, ERRNO, EVENT } from './abi.ts'
import { FileError } from './file-system.ts'
import { ProgramExit } from './program-exit.ts'
import { TextList } from './guest-values.ts'
import type { Transferable } from './descriptors.ts'
import type { WasiCalls } from './abi.ts'
import type { WasiContext } from './wasi-system.ts'

type ProcessCallName = Extract<
  keyof WasiCalls,
  | `${'args' | 'clock' | 'environ' | 'proc' | 'sock'}_${string}`
  | 'poll_oneoff'
  | 'random_get'
  | 'sched_yield'
>

/** What the system's clocks can tell apart. */
const CLOCK_RESOLUTION_NS = 1_000n
/** As many as a program may have descriptors, twice, and some clocks. */
const SUBSCRIPTIONS_MAX = 1_024
const SUBSCRIPTION_BYTES = 48
const EVENT_BYTES = 32
const NS_PER_MS = 1e6

export function processCalls(context: WasiContext): Pick<WasiCalls, ProcessCallName> {
  const { descriptors, init, memory, nowNs } = context
  const args = new TextList(init.args)
  const environment = new TextList(init.environment)
  /** Every descriptor is something else than a socket. */
  const refuseSocket = (fd: number): typeof ERRNO.notsock => {
    descriptors.get(fd)
    return ERRNO.notsock
  }
  return {
    args_sizes_get(count, bytes) {
      args.writeSizes(memory, count, bytes)
      return ERRNO.success
    },
    args_get(list, texts) {
      args.write(memory, list, texts)
      return ERRNO.success
    },
    environ_sizes_get(count, bytes) {
      environment.writeSizes(memory, count, bytes)
      return ERRNO.success
    },
    environ_get(list, texts) {
      environment.write(memory, list, texts)
      return ERRNO.success
    },
    clock_res_get(clockId, resolution) {
      nowNs(clockId)
      memory.setU64(resolution, CLOCK_RESOLUTION_NS)
      return ERRNO.success
    },
    clock_time_get(clockId, _precision, time) {
      memory.setU64(time, nowNs(clockId))
      return ERRNO.success
    },
    random_get(address, length) {
      init.fillRandom(memory.bytes(address, length))
      return ERRNO.success
    },
    poll_oneoff: (subscriptions, events, count, eventCount) => {
      if (count === 0 || count > SUBSCRIPTIONS_MAX) return ERRNO.inval
      memory.setU32(eventCount, poll(context, subscriptions, events, count))
      return ERRNO.success
    },
    proc_exit(exitCode) {
      throw new ProgramExit(exitCode)
    },
    proc_raise: () => ERRNO.nosys,
    sched_yield: () => ERRNO.success,
    sock_accept: refuseSocket,
    sock_recv: refuseSocket,
    sock_send: refuseSocket,
    sock_shutdown: refuseSocket
  }
}

/** What is known of a stream or a file that a program waits for. */
interface Readiness {
  errno: number
  /** To be read. */
  bytes: number
}

/**
 * Waits for the first of several things. Files and streams never make a program wait here, so it waits
 * only when it asked for clocks alone.
 * @returns how many events it wrote
 */
function poll(context: WasiContext, subscriptions: number, events: number, count: number): number {
  const { init, memory, nowNs } = context
  let first: { waitNs: bigint; userData: bigint } | undefined
  let eventCount = 0
  const emit = (userData: bigint, type: number, { errno, bytes }: Readiness): void => {
    const at = events + EVENT_BYTES * eventCount
    memory.bytes(at, EVENT_BYTES).fill(0)
    memory.setU64(at, userData)
    memory.setU16(at + 8, errno)
    memory.setU8(at + 10, type)
    memory.setU64(at + 16, BigInt(bytes))
    eventCount += 1
  }
  for (let index = 0; index < count; index += 1) {
    const at = subscriptions + SUBSCRIPTION_BYTES * index
    const userData = memory.u64(at)
    const type = memory.u8(at + 8)
    if (type === EVENT.clock) {
      const timeNs = memory.u64(at + 24)
      const isAbsolute = (memory.u16(at + 40) & CLOCK_ABSOLUTE) !== 0
      const clockNs = nowNs(memory.u32(at + 16))
      const leftNs = timeNs - (isAbsolute ? clockNs : 0n)
      if (first === undefined || leftNs < first.waitNs) first = { waitNs: leftNs, userData }
    } else emit(userData, type, readinessOf(context, memory.u32(at + 16), type))
  }
  if (eventCount === 0 && first !== undefined) {
    if (first.waitNs > 0n) init.wait(Number(first.waitNs) / NS_PER_MS)
    emit(first.userData, EVENT.clock, { errno: ERRNO.success, bytes: 0 })
  }
  return eventCount
}

function readinessOf({ descriptors }: WasiContext, fd: number, type: number): Readiness {
  if (type !== EVENT.read && type !== EVENT.write) return { errno: ERRNO.inval, bytes: 0 }
  try {
    if (type === EVENT.read)
      return { errno: ERRNO.success, bytes: leftBytes(descriptors.readable(fd)) }
    descriptors.writable(fd)
    return { errno: ERRNO.success, bytes: 0 }
  } catch (cause) {
    if (cause instanceof FileError) return { errno: cause.errno, bytes: 0 }
    throw cause
  }
}

/** What `FIONREAD` tells. */
function leftBytes({ node, position }: Transferable): number {
  return node.kind === 'file' ? Math.max(0, node.size - position) : node.leftBytes()
}
