/**
 * Where the Linux control groups of this process lie, version 1 and 2, and how their files are read.
 * What is read or written there, and why, is for others to say.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface CgroupPaths {
  /** Where the groups are mounted. @default '/sys/fs/cgroup' */
  root?: string
  /** Which groups this process is in. @default '/proc/self/cgroup' */
  membership?: string
}

const DEFAULT_PATHS = { root: '/sys/fs/cgroup', membership: '/proc/self/cgroup' } as const

/**
 * The folders of a controller, the process's own group first and the mount's root last; none where
 * there is no such controller. Inside a container the path may be the host's and not exist here; its
 * root then is the container's group.
 * @param controller of version 1, such as `memory`; the empty text is version 2, which has one tree for all
 */
export function cgroupFolders(init: CgroupPaths, controller: string): string[] {
  const { root, membership } = { ...DEFAULT_PATHS, ...init }
  const lines = (readText(membership) ?? '').split('\n').map((line) => line.trim().split(':'))
  const line = lines.find(([, names = '']) => names.split(',').includes(controller))
  if (line === undefined) return []
  const names = line
    .slice(2)
    .join(':')
    .split('/')
    .filter((name) => name !== '')
  const parts = names.includes('..') ? [] : names
  return Array.from({ length: parts.length + 1 }, (_, index) =>
    join(root, controller, ...parts.slice(0, parts.length - index))
  )
}

/** Most of these files don't exist on most machines, so that is no error. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** One figure of a file with lines such as `usage_usec 12345`. */
export function readField(path: string, field: string): number | undefined {
  const line = readText(path)
    ?.split('\n')
    .find((text) => text.startsWith(`${field} `))
  return toNumber(line?.slice(field.length))
}

export function toNumber(text: string | undefined): number | undefined {
  const value = Number.parseFloat(text ?? '')
  return Number.isFinite(value) ? value : undefined
}
