import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { tmpdir } from 'node:os'
import { JobGroup } from '../../../../src/executors/process/job-groups.ts'
import { findGroupLayout } from '../../../../src/executors/process/group-layout.ts'
import { systemClock } from '../../../../src/core/clock.ts'
import type { CgroupPaths } from '../../../../src/core/cgroup-files.ts'

const machines = mkdtempSync(join(tmpdir(), 'taskmesh-groups-'))
afterAll(() => rmSync(machines, { recursive: true }))

/** A folder that looks like mounted control groups; what is written there stays to be read. */
function fakeGroups(membership: string, files: Record<string, string>): Required<CgroupPaths> {
  const root = mkdtempSync(join(machines, 'machine-'))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  writeFileSync(join(root, 'membership'), membership)
  return { root, membership: join(root, 'membership') }
}

const OWN = 'system.slice/taskmesh.service'

function delegated(procs: string, control = ''): Required<CgroupPaths> {
  return fakeGroups(`0::/${OWN}\n`, {
    [`${OWN}/cgroup.controllers`]: 'cpu memory pids\n',
    [`${OWN}/cgroup.procs`]: procs,
    [`${OWN}/cgroup.subtree_control`]: control
  })
}

describe('version 2', () => {
  it('moves the worker aside and has the subtree hold memory and processes', () => {
    const paths = delegated(`${process.pid}\n`)
    expect(findGroupLayout(paths)).toMatchObject({ version: 2, parents: [join(paths.root, OWN)] })
    const read = (path: string): string => readFileSync(join(paths.root, OWN, path), 'utf8')
    expect(read('cgroup.subtree_control')).toBe('+memory +pids +cpu')
    expect(read('taskmesh-worker/cgroup.procs')).toBe(String(process.pid))
  })
  it('takes what an earlier start has enabled', () => {
    const paths = delegated('', 'memory pids\n')
    writeFileSync(paths.membership, `0::/${OWN}/taskmesh-worker\n`)
    expect(findGroupLayout(paths)?.parents).toEqual([join(paths.root, OWN)])
  })
  it("leaves a group alone in which others' processes run", () => {
    const paths = delegated(`${process.pid}\n1\n`)
    expect(findGroupLayout(paths)).toBeUndefined()
    expect(readdirSync(join(paths.root, OWN))).not.toContain('taskmesh-worker')
  })
  it('is nothing without the two controllers', () => {
    const paths = fakeGroups('0::/a\n', { 'a/cgroup.controllers': 'cpu io\n' })
    expect(findGroupLayout(paths)).toBeUndefined()
  })
})

describe('version 1', () => {
  const membership = '4:memory:/m\n8:pids:/\n2:cpu,cpuacct:/c\n0::/\n'
  it('takes the worker’s own groups where they are writable', () => {
    const paths = fakeGroups(membership, { 'memory/m/x': '', 'pids/x': '', 'cpuacct/c/x': '' })
    expect(findGroupLayout(paths)).toMatchObject({
      version: 1,
      parents: ['memory/m', 'pids', 'cpuacct/c'].map((path) => join(paths.root, path))
    })
  })
  it('does without processes and time', () => {
    const paths = fakeGroups(membership, { 'memory/m/x': '' })
    const layout = findGroupLayout(paths)
    expect(layout?.parents).toHaveLength(1)
    expect(layout?.cpuTime).toBeUndefined()
  })
})

it('is nothing where the system has no groups', () => {
  expect(findGroupLayout({ membership: '/dev/null' })).toBeUndefined()
})

it('a group has its limits, takes processes in, and tells its figures', () => {
  const paths = delegated('', 'memory pids\n')
  const layout = findGroupLayout(paths)
  if (layout === undefined) throw new Error('there is no layout')
  const group = new JobGroup(systemClock, layout, 'mark-1')
  const folder = join(paths.root, OWN, 'mark-1')
  group.make({ memoryBytesMax: 1_000, processesMax: 7, cpuCores: 0.5 })
  group.add([12, 34])
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
  expect(['memory.max', 'memory.swap.max', 'memory.oom.group', 'pids.max'].map(read)).toEqual([
    '1000',
    '0',
    '1',
    '7'
  ])
  expect(read('cgroup.procs')).toBe('34')
  expect(group.figures()).toEqual({ isOutOfMemory: false })
  writeFileSync(join(folder, 'memory.events'), 'low 0\noom 1\noom_kill 2\n')
  writeFileSync(join(folder, 'memory.peak'), '900\n')
  writeFileSync(join(folder, 'cpu.stat'), 'usage_usec 2500\nuser_usec 1\n')
  expect(group.figures()).toEqual({ isOutOfMemory: true, peakMemoryBytes: 900, cpuMs: 2.5 })
})

function made(paths: Required<CgroupPaths>, cpuCores: number | undefined): JobGroup {
  const layout = findGroupLayout(paths)
  if (layout === undefined) throw new Error('there is no layout')
  const group = new JobGroup(systemClock, layout, 'mark-1')
  group.make({ memoryBytesMax: 1_000, processesMax: 7, cpuCores })
  return group
}

describe('processor time', () => {
  it('is a quota in each period, for version 2', () => {
    const paths = delegated('', 'cpu memory pids\n')
    expect(made(paths, 1.5).holdsCpu(1.5)).toBe(true)
    const text = readFileSync(join(paths.root, OWN, 'mark-1/cpu.max'), 'utf8')
    expect(text).toBe('150000 100000')
  })
  it('is one for version 1, whose controllers may share a tree', () => {
    const paths = fakeGroups('4:memory:/m\n2:cpu,cpuacct:/c\n', {
      'memory/m/x': '',
      'cpu,cpuacct/c/x': ''
    })
    for (const name of ['cpu', 'cpuacct']) symlinkSync('cpu,cpuacct', join(paths.root, name))
    expect(made(paths, 0.001).holdsCpu(0.01)).toBe(true)
    const text = readFileSync(join(paths.root, 'cpu,cpuacct/c/mark-1/cpu.cfs_quota_us'), 'utf8')
    expect(text).toBe('1000')
  })
  it('is not held for a task that asks for none, or where there is no such controller', () => {
    expect(made(delegated('', 'cpu memory pids\n'), undefined).holdsCpu(1)).toBe(false)
    const paths = fakeGroups('4:memory:/m\n', { 'memory/m/x': '' })
    expect(made(paths, 1).holdsCpu(1)).toBe(false)
  })
})
