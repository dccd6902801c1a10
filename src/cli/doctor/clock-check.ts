/** Whether this machine's clock goes with those of the mesh. */
import { CLOCK_SKEW_S } from '../../membership/signed-claims.ts'
import { formatDuration } from '../../core/units.ts'
import { nameOf } from './mesh-words.ts'
import type { BootstrapFacts, ClockOffset, MeshFacts } from '../survey/facts.ts'
import type { Finding, MeshCheck, Verdict } from './check.ts'

/** Their answers tell the time in whole seconds. */
const TOLERANCE_MS = 2_000
const REMEDY = 'sudo timedatectl set-ntp true'

export const clockCheck: MeshCheck = { section: 'clock', judge: judgeClock }

interface Reading {
  bootstrap: BootstrapFacts
  aheadMs: number
}

function judgeClock({ bootstraps }: MeshFacts): Verdict {
  const readings = bootstraps.flatMap((bootstrap): Reading[] => {
    const clock = bootstrap.answer?.clock
    return clock === undefined ? [] : [{ bootstrap, aheadMs: surelyAheadMs(clock) }]
  })
  if (readings.length === 0) return { summary: 'nobody has told the time', findings: [] }
  const off = readings.filter(({ aheadMs }) => Math.abs(aheadMs) > TOLERANCE_MS)
  if (off.length === 0) {
    const whose =
      readings.length === 1 ? 'that of a bootstrap' : `those of ${readings.length} bootstraps`
    return { summary: `goes with ${whose}`, findings: [] }
  }
  const isOurs = off.length * 2 > readings.length && haveOneSign(off)
  const findings = isOurs ? [ownFault(off, readings.length)] : off.map(theirFault)
  return { summary: `${off.length} of ${readings.length} bootstraps have another time`, findings }
}

/** By how much at least; negative: behind. 0 where it may be none. */
export function surelyAheadMs({ highMs, lowMs }: ClockOffset): number {
  return lowMs > 0 ? lowMs : Math.min(highMs, 0)
}

function haveOneSign(readings: readonly Reading[]): boolean {
  return new Set(readings.map(({ aheadMs }) => Math.sign(aheadMs))).size === 1
}

/** One alone cannot say which of two is wrong; it is this one that its owner can set right. */
function ownFault(off: readonly Reading[], count: number): Finding {
  const sizes = off.map(({ aheadMs }) => Math.abs(aheadMs)).toSorted((left, right) => left - right)
  const sizeMs = sizes[Math.floor(sizes.length / 2)] ?? 0
  const isAhead = (off[0]?.aheadMs ?? 0) > 0
  const whose = count === 1 ? `that of ${nameOf(off[0]?.bootstrap)}` : 'those of the bootstraps'
  return finding(
    `the clock of this machine is ${formatDuration(sizeMs)} ${isAhead ? 'ahead of' : 'behind'} ${whose}`,
    sizeMs
  )
}

function theirFault({ aheadMs, bootstrap }: Reading): Finding {
  const side = aheadMs > 0 ? 'behind' : 'ahead of'
  const size = formatDuration(Math.abs(aheadMs))
  return {
    ...finding(`the clock of ${nameOf(bootstrap)} is ${size} ${side} this one`, Math.abs(aheadMs)),
    severity: 'warning',
    remedy: `there: ${REMEDY}`
  }
}

function finding(what: string, sizeMs: number): Finding {
  const isRefused = sizeMs > CLOCK_SKEW_S * 1_000
  return {
    severity: isRefused ? 'problem' : 'warning',
    what,
    why: isRefused
      ? `certificates and signed records are refused where clocks differ by more than ${CLOCK_SKEW_S / 60} minutes`
      : 'leases and deadlines end too early or too late, and times in logs do not fit together',
    remedy: REMEDY
  }
}
