/** What the nodes' certificates say: whether they still hold, whether their owner was banned, whether the clock fits them. */
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DELEGATION, readClaims } from '../../membership/signed-claims.ts'
import { CERTIFICATE, NOTICE, RENEWAL_GRACE_MS } from '../../membership/documents.ts'
import { formatDuration } from '../../core/units.ts'
import { messageOf } from '../../core/errors.ts'
import { membershipFile, noticesFile } from '../../membership/own-membership.ts'
import { quoted } from './check.ts'
import type { Certificate, Notice } from '../../membership/documents.ts'
import type { Delegation } from '../../model/generated/delegation.ts'
import type { Check, CheckContext, Finding } from './check.ts'

const SECOND_MS = 1_000
const DAY_MS = 86_400_000
/** A certificate of another clock may be a little ahead. */
const SKEW_MS = 60_000
/** Time enough to find the authority's key. */
const DELEGATION_DAYS = 30

export const membershipCheck: Check = { section: 'membership', run: checkMembership }

function checkMembership({ home, nowMs }: CheckContext): Finding[] {
  if (statSync(home, { throwIfNoEntry: false }) === undefined) return []
  return readdirSync(home, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => checkNode(name, join(home, name), nowMs))
}

function checkNode(name: string, folder: string, nowMs: number): Finding[] {
  const text = textOf(membershipFile(folder))
  if (text === undefined) return []
  try {
    const { certificate, delegation } = JSON.parse(text) as Record<string, string | undefined>
    const claims = readClaims(certificate ?? '', CERTIFICATE)
    return [
      ...checkBan(name, folder, claims),
      ...checkTimes(name, claims, nowMs),
      ...(delegation === undefined
        ? []
        : checkDelegation(name, readClaims(delegation, DELEGATION), nowMs))
    ]
  } catch (cause) {
    return [
      {
        severity: 'problem',
        what: `the membership of ${name} can't be read: ${messageOf(cause)}`,
        why: 'it does not start',
        remedy: `rm ${quoted(membershipFile(folder))}, then start it with --join @FILE`
      }
    ]
  }
}

function checkTimes(name: string, { exp, iat }: Certificate, nowMs: number): Finding[] {
  const aheadMs = iat * SECOND_MS - nowMs
  const lateMs = nowMs - exp * SECOND_MS
  if (aheadMs > SKEW_MS) {
    return [
      {
        severity: 'problem',
        what: `the certificate of ${name} is of ${formatDuration(aheadMs)} from now`,
        why: 'this clock, or that of who gave it, is wrong: others refuse certificates of the future',
        remedy: 'sudo timedatectl set-ntp true'
      }
    ]
  }
  if (lateMs <= 0) return []
  const isLost = lateMs > RENEWAL_GRACE_MS
  const since = `ran out ${formatDuration(lateMs)} ago`
  return [
    {
      severity: isLost ? 'problem' : 'warning',
      what: `the certificate of ${name} ${since}`,
      why: isLost
        ? 'it is too old to be renewed: nobody takes the node for a member'
        : 'nobody takes the node for a member until it has renewed it, which it does once it meets a bootstrap',
      remedy: isLost ? 'start it with a new token: --join @FILE' : 'start it, and look at its log'
    }
  ]
}

function checkDelegation(name: string, { exp, sub }: Delegation, nowMs: number): Finding[] {
  const leftMs = exp * SECOND_MS - nowMs
  if (leftMs > DELEGATION_DAYS * DAY_MS) return []
  return [
    {
      severity: leftMs > 0 ? 'warning' : 'problem',
      what: `the right of ${name} to let others in ${leftMs > 0 ? `ends in ${formatDuration(leftMs)}` : 'has ended'}`,
      why: 'without it nobody joins here, and no certificate is renewed',
      remedy: `where the authority is: taskmesh token create --role bootstrap --peer ${sub}, then start it with --join @FILE`
    }
  ]
}

/** By what the node itself has heard. */
function checkBan(name: string, folder: string, { sub, token }: Certificate): Finding[] {
  const ours = noticesIn(folder).filter((notice) => notice.sub === sub || notice.sub === token)
  const last = ours.toSorted((left, right) => right.iat - left.iat)[0]
  if (last?.verdict !== 'ban') return []
  return [
    {
      severity: 'problem',
      what: `${name} was banned from its mesh${last.reason === undefined ? '' : `: ${last.reason}`}`,
      why: 'all other nodes refuse it',
      remedy: 'ask whoever has the authority: taskmesh node pardon'
    }
  ]
}

function noticesIn(folder: string): Notice[] {
  const text = textOf(noticesFile(folder))
  if (text === undefined) return []
  const texts: unknown = JSON.parse(text)
  return Array.isArray(texts) ? texts.map((one) => readClaims(String(one), NOTICE)) : []
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // It has none, or not for us.
    return undefined
  }
}
