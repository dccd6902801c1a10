/** Where the home lies: whose it is, who may write there, and whether it stays. */
import { lstatSync, realpathSync, statSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { folderFault, hasRights } from '../../core/private-folder.ts'
import { quoted } from './check.ts'
import type { Check, CheckContext, Finding } from './check.ts'

/** Emptied by the system: when it starts, or when a file has not been read for days. */
const PASSING = /^(\/private)?\/(tmp|var\/tmp|dev\/shm)\//
/** Of NFS, SMB, CIFS and 9p: their locks are not to be relied upon. */
const NETWORK_TYPES: ReadonlySet<number> = new Set([
  0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x01021997
])
const OTHERS = 0o077

export const homeCheck: Check = { section: 'home', run: checkHome }

function checkHome({ home }: CheckContext): Finding[] {
  if (lstatSync(home, { throwIfNoEntry: false }) === undefined) {
    return [
      {
        severity: 'note',
        what: `there is nothing at ${home}`,
        why: 'no node has run here yet',
        remedy: 'taskmesh up, or name another folder with --home'
      }
    ]
  }
  const path = realpathSync(home)
  return [...(hasRights() ? rightsOf(path) : []), ...kindOf(path)]
}

function rightsOf(path: string): Finding[] {
  const above = foldersAbove(path).flatMap((folder) => {
    const fault = folderFault(folder, statSync(folder))
    return fault === undefined ? [] : [fault]
  })
  const faults: Finding[] = above.map(({ remedy, what }) => ({
    severity: 'problem',
    what,
    why: 'whoever can rename a folder can put other keys in the place of these',
    remedy
  }))
  if (faults.length > 0 || (statSync(path).mode & OTHERS) === 0) return faults
  return [
    {
      severity: 'note',
      what: `others can list the folder ${path}`,
      why: 'they see which nodes there are, though nothing of what is in them',
      remedy: `chmod 700 ${quoted(path)}`
    }
  ]
}

function kindOf(path: string): Finding[] {
  const findings: Finding[] = []
  if (PASSING.test(`${path}/`)) {
    findings.push({
      severity: 'warning',
      what: `the home ${path} lies in a folder that is shared and that the system empties`,
      why: 'with the keys the nodes lose who they are, and a router the jobs that it has accepted',
      remedy: `mv ${quoted(path)} ~/.taskmesh (once its nodes are stopped)`
    })
  }
  if (NETWORK_TYPES.has(statfsSync(path).type)) {
    findings.push({
      severity: 'warning',
      what: `the home ${path} lies on a network file system`,
      why: 'its locks do not keep two machines from using one node at a time, which ruins a job store',
      remedy: 'choose a --home on a disk of this machine'
    })
  }
  return findings
}

/** The folder itself and all around it. */
function foldersAbove(path: string): string[] {
  const parent = dirname(path)
  return parent === path ? [path] : [path, ...foldersAbove(parent)]
}
