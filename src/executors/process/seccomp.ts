/**
 * The filter of system calls that a task's processes run under, as the bytes that `bwrap --seccomp`
 * reads: classic BPF, put together here because it is a few dozen instructions and no native package
 * is needed for that. A list of refusals, not of permissions: ordinary programs are to run unchanged,
 * and namespaces and an unprivileged user are what really holds them.
 */
import { CHECKED_CALLS, REFUSED_CALLS } from './system-calls.ts'

export type SeccompArchitecture = 'x64' | 'arm64'

/** One instruction: what to do, how far to jump if true or false, an operand. */
type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, operand: number]

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

/** Where struct seccomp_data has what. Arguments are read by their lower half: the kernel ignores the upper of these. */
const NUMBER_AT = 0
const ARCHITECTURE_AT = 4
const FIRST_ARGUMENT_AT = 16
const SECOND_ARGUMENT_AT = 24

const ALLOW = 0x7fff_0000
const KILL_PROCESS = 0x8000_0000
const NOT_PERMITTED = 0x0005_0000 | 1
const NOT_THERE = 0x0005_0000 | 38
const NO_SUCH_FAMILY = 0x0005_0000 | 97

/** CLONE_NEWNS, -CGROUP, -UTS, -IPC, -USER, -PID and -NET. */
const NEW_NAMESPACE = 0x7e02_0000
/** TIOCSTI and TIOCLINUX put words into a terminal's mouth. */
const TERMINAL_REQUESTS = [0x5412, 0x541c]
const UNIX_SOCKETS = 1

const INSTRUCTION_BYTES = 8

export function isFilterable(architecture: string): architecture is SeccompArchitecture {
  return architecture in AUDIT_ARCHITECTURES
}

export function seccompFilter(architecture: SeccompArchitecture): Uint8Array {
  const program = [
    ...onlyFor(architecture),
    ...Object.values(REFUSED_CALLS).flatMap(({ [architecture]: number }) =>
      number === undefined ? [] : refuse(number, NOT_PERMITTED)
    ),
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
    ...checked(CHECKED_CALLS.socket[architecture], FIRST_ARGUMENT_AT, [
      [JUMP_IF_EQUAL, 1, 0, UNIX_SOCKETS],
      give(NO_SUCH_FAMILY)
    ]),
    give(ALLOW)
  ]
  return encode(program)
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
