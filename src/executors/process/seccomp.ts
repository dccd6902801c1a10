/**
 * The filter of system calls that a task's processes run under, as the bytes that `bwrap --seccomp`
 * reads: classic BPF, put together here because it is a few dozen instructions and no native package
 * is needed for that. A list of refusals, not of permissions: ordinary programs are to run unchanged,
 * and namespaces and an unprivileged user are what really holds them.
 */
import {
  CHECKED_CALLS,
  HIDDEN_MEMORY_CALLS,
  REFUSED_CALLS,
  SHARED_STOCK_CALLS
} from './system-calls.ts'
import type { CallNumbers } from './system-calls.ts'

export type SeccompArchitecture = 'x64' | 'arm64'

export interface SeccompInit {
  /** The task is in the machine's own network. @default false */
  hasNetwork?: boolean
  /** No control group counts its memory. @default false */
  isMemoryWatched?: boolean
}

/** One instruction: what to do, how far to jump if true or false, an operand. */
type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, operand: number]

type CallTable = Readonly<Record<string, CallNumbers>>

/** From linux/audit.h: a call made as for another architecture would have other numbers. */
const AUDIT_ARCHITECTURES = { x64: 0xc000003e, arm64: 0xc00000b7 } as const
/** Calls of the x32 interface have this bit set, and numbers of their own. */
const X32_CALLS = 0x4000_0000

/** From linux/bpf_common.h. */
const LOAD_WORD = 0x20
const JUMP_IF_EQUAL = 0x15
const JUMP_IF_AT_LEAST = 0x35
const JUMP_IF_ANY_BIT = 0x45
const RETURN = 0x06
const AND = 0x54

/** Where struct seccomp_data has what. Arguments are read by their lower half: the kernel ignores the upper of these. */
const NUMBER_AT = 0
const ARCHITECTURE_AT = 4
const FIRST_ARGUMENT_AT = 16
const SECOND_ARGUMENT_AT = 24
const THIRD_ARGUMENT_AT = 32

const ALLOW = 0x7fff_0000
const KILL_PROCESS = 0x8000_0000
const NOT_PERMITTED = 0x0005_0000 | 1
const NONE_LEFT = 0x0005_0000 | 24
const NOT_THERE = 0x0005_0000 | 38
const NO_SUCH_PROTOCOL = 0x0005_0000 | 93
const NO_SUCH_FAMILY = 0x0005_0000 | 97

/** CLONE_NEWNS, -CGROUP, -UTS, -IPC, -USER, -PID and -NET. */
const NEW_NAMESPACE = 0x7e02_0000
/** TIOCSTI and TIOCLINUX put words into a terminal's mouth. */
const TERMINAL_REQUESTS = [0x5412, 0x541c]

/** From linux/socket.h: families, types of sockets without the flags in the same word, protocols. */
const UNIX = 1
const INTERNET = [2, 10]
const TYPE_BITS = 0xf
const STREAM = 1
const DATAGRAM = 2
const SEQUENCED = 5
/** Whatever the type means, TCP and UDP: all others are rarely used, and code that few have looked at. */
const PROTOCOLS = [0, 6, 17]

const INSTRUCTION_BYTES = 8

export function isFilterable(architecture: string): architecture is SeccompArchitecture {
  return architecture in AUDIT_ARCHITECTURES
}

export function seccompFilter(
  architecture: SeccompArchitecture,
  { hasNetwork = false, isMemoryWatched = false }: SeccompInit = {}
): Uint8Array {
  const refuseAll = (calls: CallTable, verdict: number): Instruction[] =>
    Object.values(calls).flatMap(({ [architecture]: number }) =>
      number === undefined ? [] : refuse(number, verdict)
    )
  const program = [
    ...onlyFor(architecture),
    ...refuseAll(REFUSED_CALLS, NOT_PERMITTED),
    ...refuseAll(SHARED_STOCK_CALLS, NONE_LEFT),
    ...(isMemoryWatched ? refuseAll(HIDDEN_MEMORY_CALLS, NOT_THERE) : []),
    // The C library then falls back on clone, which can be checked.
    ...refuse(CHECKED_CALLS.clone3[architecture], NOT_THERE),
    ...checked(CHECKED_CALLS.clone[architecture], FIRST_ARGUMENT_AT, [
      [JUMP_IF_ANY_BIT, 0, 1, NEW_NAMESPACE],
      give(NOT_PERMITTED)
    ]),
    ...checked(
      CHECKED_CALLS.ioctl[architecture],
      SECOND_ARGUMENT_AT,
      TERMINAL_REQUESTS.flatMap((request) => refuse(request, NOT_PERMITTED))
    ),
    ...(hasNetwork ? networkSockets(architecture) : unixSockets(architecture)),
    give(ALLOW)
  ]
  return encode(program)
}

/** In an empty network: whatever it binds or connects to is its own. */
function unixSockets(architecture: SeccompArchitecture): Instruction[] {
  return checked(
    CHECKED_CALLS.socket[architecture],
    FIRST_ARGUMENT_AT,
    onlyOneOf([UNIX], NO_SUCH_FAMILY)
  )
}

/**
 * In the machine's network: TCP and UDP, no packets of its own making. Unix sockets by name would reach the
 * services of the machine that listen under abstract names, which belong to the network and not to any
 * folder; pairs of sockets remain, except those that can be sent elsewhere.
 */
function networkSockets(architecture: SeccompArchitecture): Instruction[] {
  return [
    ...checked(CHECKED_CALLS.socket[architecture], FIRST_ARGUMENT_AT, [
      ...onlyOneOf(INTERNET, NO_SUCH_FAMILY),
      [LOAD_WORD, 0, 0, SECOND_ARGUMENT_AT],
      [AND, 0, 0, TYPE_BITS],
      ...onlyOneOf([STREAM, DATAGRAM], NO_SUCH_PROTOCOL),
      [LOAD_WORD, 0, 0, THIRD_ARGUMENT_AT],
      ...onlyOneOf(PROTOCOLS, NO_SUCH_PROTOCOL)
    ]),
    ...checked(CHECKED_CALLS.socketpair[architecture], SECOND_ARGUMENT_AT, [
      [AND, 0, 0, TYPE_BITS],
      ...onlyOneOf([STREAM, SEQUENCED], NO_SUCH_PROTOCOL)
    ])
  ]
}

/** Goes on when the loaded word is one of these, else returns `verdict`. */
function onlyOneOf(values: readonly number[], verdict: number): Instruction[] {
  const jumps = values.map((value, index): Instruction => [
    JUMP_IF_EQUAL,
    values.length - index,
    0,
    value
  ])
  return [...jumps, give(verdict)]
}

function onlyFor(architecture: SeccompArchitecture): Instruction[] {
  return [
    [LOAD_WORD, 0, 0, ARCHITECTURE_AT],
    [JUMP_IF_EQUAL, 1, 0, AUDIT_ARCHITECTURES[architecture]],
    give(KILL_PROCESS),
    [LOAD_WORD, 0, 0, NUMBER_AT],
    ...(architecture === 'x64'
      ? ([[JUMP_IF_AT_LEAST, 0, 1, X32_CALLS], give(NOT_THERE)] as const)
      : [])
  ]
}

/** Returns `verdict` when the loaded word is `value`. */
function refuse(value: number, verdict: number): Instruction[] {
  return [[JUMP_IF_EQUAL, 0, 1, value], give(verdict)]
}

/** For one call: loads an argument, goes through `checks`, and allows what is left. */
function checked(
  number: number,
  argumentAt: number,
  checks: readonly Instruction[]
): Instruction[] {
  return [
    [JUMP_IF_EQUAL, 0, checks.length + 2, number],
    [LOAD_WORD, 0, 0, argumentAt],
    ...checks,
    give(ALLOW)
  ]
}

function give(verdict: number): Instruction {
  return [RETURN, 0, 0, verdict]
}

function encode(program: readonly Instruction[]): Uint8Array {
  const bytes = Buffer.alloc(program.length * INSTRUCTION_BYTES)
  program.forEach(([code, ifTrue, ifFalse, operand], index) => {
    const at = index * INSTRUCTION_BYTES
    bytes.writeUInt16LE(code, at)
    bytes.writeUInt8(ifTrue, at + 2)
    bytes.writeUInt8(ifFalse, at + 3)
    bytes.writeUInt32LE(operand >>> 0, at + 4)
  })
  return bytes
}
