/** The machine below the nodes: its user, its Node, its clock, and where a crash leaves what it knew. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { childEnvironment } from '../../core/child-environment.ts'
import { formatDuration } from '../../core/units.ts'
import type { Check, CheckContext, Finding } from './check.ts'

/** The one that tests run on. */
const NODE_MAJOR = 24
/** The oldest that the published package runs on; the launcher refuses what is older. */
const NODE_MAJOR_MIN = 22
/** Two machines' file systems may differ by that much. */
const CLOCK_SLACK_MS = 60_000
const TIMEDATECTL_TIMEOUT_MS = 5_000
const CONTAINER_MARKS = ['/.dockerenv', '/run/.containerenv']

export const machineCheck: Check = {
  section: 'machine',
  run: (context) => [
    ...checkUser(process.geteuid?.(), CONTAINER_MARKS.some(existsSync)),
    ...checkNode(process.versions.node),
    ...checkClock(context),
    ...checkSync(ntpState()),
    ...checkCores(context)
  ]
}

export function checkUser(uid: number | undefined, isContainer: boolean): Finding[] {
  if (uid !== 0) return []
  return [
    {
      severity: isContainer ? 'note' : 'warning',
      what: 'this user is root',
      why: 'whoever found a hole in a node that runs as root would have the whole machine',
      remedy:
        'sudo useradd --system --create-home taskmesh, and: sudo -u taskmesh taskmesh worker …'
    }
  ]
}

export function checkNode(version: string): Finding[] {
  const major = Number(version.split('.')[0])
  if (major === NODE_MAJOR) return []
  return [
    {
      severity: major < NODE_MAJOR_MIN ? 'problem' : 'note',
      what: `this is Node ${version}`,
      why: `taskmesh is tested with Node ${NODE_MAJOR}`,
      remedy: `npm install --global node@${NODE_MAJOR}`
    }
  ]
}

/** What was written in the future was written before the clock went back. */
function checkClock({ home, nowMs }: CheckContext): Finding[] {
  if (statSync(home, { throwIfNoEntry: false }) === undefined) return []
  const folders = readdirSync(home, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const timesMs = folders.map(({ name }) => statSync(join(home, name)).mtimeMs)
  const aheadMs = Math.max(0, ...timesMs) - nowMs
  if (aheadMs < CLOCK_SLACK_MS) return []
  return [
    {
      severity: 'problem',
      what: `the clock has gone back: something here was written ${formatDuration(aheadMs)} from now`,
      why: 'certificates and signed records of the future are refused',
      remedy: 'sudo timedatectl set-ntp true'
    }
  ]
}

export function checkSync(state: 'yes' | 'no' | undefined): Finding[] {
  if (state !== 'no') return []
  return [
    {
      severity: 'warning',
      what: 'nothing keeps the clock of this machine right',
      why: 'a clock that is minutes off has certificates refused, and leases end too early or too late',
      remedy: 'sudo timedatectl set-ntp true'
    }
  ]
}

/** Undefined where nobody knows. */
function ntpState(): 'yes' | 'no' | undefined {
  try {
    const text = execFileSync('timedatectl', ['show', '--property=NTPSynchronized', '--value'], {
      env: childEnvironment(),
      timeout: TIMEDATECTL_TIMEOUT_MS,
      stdio: ['ignore', 'pipe', 'ignore'],
      encoding: 'utf8'
    }).trim()
    return text === 'yes' || text === 'no' ? text : undefined
  } catch {
    // No systemd.
    return undefined
  }
}

function checkCores({ nodes }: CheckContext): Finding[] {
  const dumping = nodes.filter(({ pid }) => leavesCore(pid)).map(({ name }) => name)
  if (dumping.length === 0) return []
  return [
    {
      severity: 'note',
      what: `should ${dumping.join(', ')} crash, its memory may be written to a file`,
      why: 'keys are in it, and the file stays',
      remedy: 'ulimit -c 0 before the start, or LimitCORE=0 in its systemd unit'
    }
  ]
}

function leavesCore(pid: number): boolean {
  try {
    const limits = readFileSync(`/proc/${pid}/limits`, 'utf8')
    return !/^Max core file size\s+0\s/m.test(limits)
  } catch {
    return false
  }
}
