/** All checks of this machine, in the order in which they are shown. A new one is its file and its line here. */
import { diskCheck } from './disk-check.ts'
import { exposureCheck } from './exposure-check.ts'
import { filesCheck } from './files-check.ts'
import { homeCheck } from './home-check.ts'
import { identityCheck } from './identity-check.ts'
import { machineCheck } from './machine-check.ts'
import { membershipCheck } from './membership-check.ts'
import { nodesCheck } from './nodes-check.ts'
import { portsCheck } from './ports-check.ts'
import { sandboxesCheck } from './sandboxes-check.ts'
import { messageOf } from '../../core/errors.ts'
import type { Check, CheckContext, Finding } from './check.ts'

export interface SectionReport {
  section: string
  /** What was found, where that is worth a word though nothing be wrong. */
  summary?: string
  findings: readonly Finding[]
}

export const CHECKS: readonly Check[] = [
  homeCheck,
  filesCheck,
  identityCheck,
  nodesCheck,
  exposureCheck,
  portsCheck,
  membershipCheck,
  sandboxesCheck,
  machineCheck,
  diskCheck
]

/** One that breaks is a finding too, and keeps none of the others from their turn. */
export async function runChecks(
  checks: readonly Check[],
  context: CheckContext
): Promise<SectionReport[]> {
  return await Promise.all(
    checks.map(async (check) => ({
      section: check.section,
      findings: await runCheck(check, context)
    }))
  )
}

async function runCheck({ run }: Check, context: CheckContext): Promise<readonly Finding[]> {
  try {
    return await run(context)
  } catch (cause) {
    return [brokenCheck(cause)]
  }
}

function brokenCheck(cause: unknown): Finding {
  return {
    severity: 'problem',
    what: `this can't be looked at: ${messageOf(cause)}`,
    why: 'what is wrong there is not known',
    remedy: 'run taskmesh doctor as the user that runs the nodes'
  }
}
