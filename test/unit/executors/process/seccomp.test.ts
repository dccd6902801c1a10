import { describe, expect, it } from 'vitest'
import {
  CHECKED_CALLS,
  HIDDEN_MEMORY_CALLS,
  REFUSED_CALLS,
  SHARED_STOCK_CALLS
} from '../../../../src/executors/process/system-calls.ts'
import { isFilterable, seccompFilter } from '../../../../src/executors/process/seccomp.ts'
import type { SeccompArchitecture } from '../../../../src/executors/process/seccomp.ts'

const ALLOW = 0x7fff_0000
const KILL = 0x8000_0000
const NOT_PERMITTED = 0x0005_0001
const NONE_LEFT = 0x0005_0018
const NOT_THERE = 0x0005_0026
const NO_PROTOCOL = 0x0005_005d
const NO_FAMILY = 0x0005_0061
const AUDIT = { x64: 0xc000003e, arm64: 0xc00000b7 }

/** Runs the filter as the kernel does: loads, jumps and returns of classic BPF. */
function verdict(
  filter: Uint8Array,
  call: { audit: number; number: number; args?: number[] }
): number {
  const program = Buffer.from(filter)
  const data = Buffer.alloc(64)
  data.writeUInt32LE(call.number, 0)
  data.writeUInt32LE(call.audit, 4)
  call.args?.forEach((value, index) => data.writeBigUInt64LE(BigInt(value), 16 + index * 8))
  let word = 0
  for (let at = 0; at < program.length; at += 8) {
    const operand = program.readUInt32LE(at + 4)
    const jump = (holds: boolean): number => program.readUInt8(at + (holds ? 2 : 3)) * 8
    switch (program.readUInt16LE(at)) {
      case 0x20:
        word = data.readUInt32LE(operand)
        break
      case 0x15:
        at += jump(word === operand)
        break
      case 0x35:
        at += jump(word >= operand)
        break
      case 0x45:
        at += jump((word & operand) !== 0)
        break
      case 0x54:
        word = (word & operand) >>> 0
        break
      case 0x06:
        return operand
      default:
        throw new Error('an instruction that no kernel knows')
    }
  }
  throw new Error('the program ran past its end')
}

describe.each<SeccompArchitecture>(['x64', 'arm64'])('the filter for %s', (architecture) => {
  const filter = seccompFilter(architecture)
  const audit = AUDIT[architecture]
  const of = (number: number, ...args: number[]): number => verdict(filter, { audit, number, args })

  it('fits what the kernel takes', () => {
    expect(filter.byteLength % 8).toBe(0)
    expect(filter.byteLength / 8).toBeLessThan(4_096)
  })
  it('ends a program of another architecture', () => {
    expect(verdict(filter, { audit: 0x4000_0003, number: 1 })).toBe(KILL)
  })
  it('refuses every call on the list, and none beside', () => {
    const [refused = [], taken = []] = [REFUSED_CALLS, SHARED_STOCK_CALLS].map((calls) =>
      Object.values(calls).flatMap((numbers) => numbers[architecture] ?? [])
    )
    const { clone, clone3, ioctl, socket } = CHECKED_CALLS
    const special: number[] = [clone, clone3, ioctl, socket].map((numbers) => numbers[architecture])
    for (let number = 0; number < 600; number += 1) {
      if (special.includes(number)) continue
      expect([number, of(number)]).toEqual([
        number,
        refused.includes(number) ? NOT_PERMITTED : taken.includes(number) ? NONE_LEFT : ALLOW
      ])
    }
  })
  it('hides calls whose memory no watch would see, where there is but a watch', () => {
    const watched = seccompFilter(architecture, { isMemoryWatched: true })
    for (const { [architecture]: number = -1 } of Object.values(HIDDEN_MEMORY_CALLS)) {
      expect(of(number)).toBe(ALLOW)
      expect(verdict(watched, { audit, number })).toBe(NOT_THERE)
    }
  })
  it('with a network: TCP and UDP, no packets, nothing by which services of the machine are reached', () => {
    const open = seccompFilter(architecture, { hasNetwork: true })
    const { socket, socketpair } = CHECKED_CALLS
    const call = (number: number, ...args: number[]): number =>
      verdict(open, { audit, number, args })
    const make = (...args: number[]): number => call(socket[architecture], ...args)
    const pair = (...args: number[]): number => call(socketpair[architecture], ...args)
    for (const family of [2, 10]) {
      for (const [type, protocol] of [
        [1, 0],
        [0x80801, 6],
        [2, 17]
      ] as const) {
        expect(make(family, type, protocol)).toBe(ALLOW)
      }
      for (const type of [3, 4, 5, 6, 10, 0x80803]) expect(make(family, type, 0)).toBe(NO_PROTOCOL)
      for (const protocol of [1, 132, 136, 255, 262])
        expect(make(family, 1, protocol)).toBe(NO_PROTOCOL)
    }
    for (const family of [0, 1, 16, 17, 38, 40]) expect(make(family, 1, 0)).toBe(NO_FAMILY)
    expect([pair(1, 1), pair(1, 0x80005), pair(1, 2), pair(1, 0x80802)]).toEqual([
      ALLOW,
      ALLOW,
      NO_PROTOCOL,
      NO_PROTOCOL
    ])
    expect(call(REFUSED_CALLS['bpf']?.[architecture] ?? -1)).toBe(NOT_PERMITTED)
  })
  it('lets a process fork and start threads, but make no namespace', () => {
    const clone = CHECKED_CALLS.clone[architecture]
    expect(of(clone, 17)).toBe(ALLOW)
    expect(of(clone, 0x3d0f00)).toBe(ALLOW)
    for (const flag of [0x20000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000]) {
      expect(of(clone, flag | 17)).toBe(NOT_PERMITTED)
    }
    expect(of(clone, 0x40000000)).toBe(NOT_PERMITTED)
    expect(of(CHECKED_CALLS.clone3[architecture])).toBe(NOT_THERE)
  })
  it('lets a terminal be asked, but not typed into', () => {
    const ioctl = CHECKED_CALLS.ioctl[architecture]
    expect(of(ioctl, 0, 0x5401)).toBe(ALLOW)
    expect(of(ioctl, 0, 0x5412)).toBe(NOT_PERMITTED)
    expect(of(ioctl, 0, 0x541c)).toBe(NOT_PERMITTED)
    // The kernel looks at the lower half alone, and so must the filter.
    expect(of(ioctl, 0, 0x1_0000_5412)).toBe(NOT_PERMITTED)
  })
  it('knows sockets within the machine only', () => {
    const socket = CHECKED_CALLS.socket[architecture]
    expect(of(socket, 1)).toBe(ALLOW)
    for (const family of [0, 2, 10, 16, 17, 38, 40]) expect(of(socket, family)).toBe(NO_FAMILY)
  })
})

it('refuses the x32 interface, whose numbers are others', () => {
  const call = { audit: AUDIT.x64, number: 0x4000_0000 + 165 }
  expect(verdict(seccompFilter('x64'), call)).toBe(NOT_THERE)
})

it('there is none for other architectures', () => {
  expect(['x64', 'arm64', 'riscv64', 'ia32'].map(isFilterable)).toEqual([true, true, false, false])
})
