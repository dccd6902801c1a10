/** What engine `process` of a node leaves on the machine when the node is killed: control groups and folders. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { readFileSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'

/** @param folder that of the node, from which comes the mark on all it makes */
export function leftoversOf(folder: string): string[] {
  const digest = createHash('sha256').update(folder).digest('hex')
  return [...groupParents(), tmpdir()]
    .flatMap((parent) => namesIn(parent).map((name) => join(parent, name)))
    .filter((path) => path.includes(`/taskmesh-${digest.slice(0, 12)}-`))
}

function groupParents(): string[] {
  return readFileSync('/proc/self/cgroup', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([, names = '', path = '']) => join('/sys/fs/cgroup', names, path))
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    // There is no such folder here.
    return []
  }
}
