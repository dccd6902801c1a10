/** Control groups, read from trees of files as kernels and container engines lay them out. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  parseCfsQuota,
  parseCpuMax,
  readCpuQuota,
  readReclaimableBytes
} from '../../../src/host/cgroup.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cgroup-'))
})
afterEach(() => rmSync(root, { recursive: true }))

function lay(files: Record<string, string>): { root: string; membership: string } {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return { root, membership: join(root, 'membership') }
}

describe('parseCpuMax', () => {
  it.each([
    ['150000 100000\n', 1.5],
    ['max 100000\n', undefined],
    ['', undefined],
    ['50000', undefined],
    ['0 0', undefined],
    [undefined, undefined]
  ])('reads %j as %s cores', (text, cores) => {
    expect(parseCpuMax(text)).toBe(cores)
  })
})

describe('parseCfsQuota', () => {
  it.each([
    ['25000', '100000', 0.25],
    ['-1', '100000', undefined],
    ['100000', '0', undefined]
  ])('reads %j per %j as %s cores', (quota, period, cores) => {
    expect(parseCfsQuota(quota, period)).toBe(cores)
  })
})

describe('readCpuQuota', () => {
  it('finds the quota of a container that sees its own group as the root (version 2)', () => {
    const paths = lay({
      membership: '0::/\n',
      'cpu.max': '50000 100000\n',
      'cpu.stat': 'usage_usec 1234000\nuser_usec 1000000\n'
    })
    expect(readCpuQuota(paths)).toEqual({ cores: 0.5, usedMs: 1_234 })
  })
  it('takes the tightest of a group and the groups above it', () => {
    const paths = lay({
      membership: '0::/user.slice/mesh.service\n',
      'user.slice/cpu.max': '150000 100000\n',
      'user.slice/cpu.stat': 'usage_usec 9000\n',
      'user.slice/mesh.service/cpu.max': '400000 100000\n'
    })
    expect(readCpuQuota(paths)).toEqual({ cores: 1.5, usedMs: 9 })
  })
  it("finds the quota of version 1, where the path is the host's and not visible", () => {
    const paths = lay({
      membership: '7:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n',
      'cpu/cpu.cfs_quota_us': '250000\n',
      'cpu/cpu.cfs_period_us': '100000\n',
      'cpu/cpuacct.usage': '5000000000\n'
    })
    expect(readCpuQuota(paths)).toEqual({ cores: 2.5, usedMs: 5_000 })
  })
  it('finds none where there is none', () => {
    expect(readCpuQuota(lay({ membership: '0::/\n', 'cpu.max': 'max 100000\n' }))).toBeUndefined()
    expect(readCpuQuota({ root: '/nonexistent', membership: '/nonexistent' })).toBeUndefined()
  })
  it('does not climb out of the mount', () => {
    const paths = lay({ membership: '0::/../../outside\n', 'cpu.max': '100000 100000\n' })
    expect(readCpuQuota(paths)?.cores).toBe(1)
  })
})

describe('readReclaimableBytes', () => {
  it('reads the page cache of version 2', () => {
    const paths = lay({ membership: '0::/a\n', 'a/memory.stat': 'anon 5\ninactive_file 4096\n' })
    expect(readReclaimableBytes(paths)).toBe(4_096)
  })
  it('reads the page cache of version 1', () => {
    const paths = lay({
      membership: '7:memory:/a\n',
      'memory/a/memory.stat': 'inactive_file 1\ntotal_inactive_file 8192\n'
    })
    expect(readReclaimableBytes(paths)).toBe(8_192)
  })
  it('knows nothing where nothing is told', () => {
    expect(readReclaimableBytes(lay({ membership: '0::/\n' }))).toBeUndefined()
  })
})
