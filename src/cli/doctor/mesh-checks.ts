/** All checks of the mesh, in the order in which they are shown. A new one is its file and its line here. */
import { clockCheck } from './clock-check.ts'
import { dhtCheck } from './dht-check.ts'
import { MeshError } from '../../core/errors.ts'
import { natCheck } from './nat-check.ts'
import { reachabilityCheck } from './reachability-check.ts'
import { relaysCheck } from './relays-check.ts'
import { surveyMesh } from '../survey/survey.ts'
import { versionsCheck } from './versions-check.ts'
import type { MeshCheck } from './check.ts'
import type { MeshFacts } from '../survey/facts.ts'
import type { SectionReport } from './checks.ts'
import type { SurveyInit } from '../survey/survey.ts'

const MESH_CHECKS: readonly MeshCheck[] = [
  reachabilityCheck,
  natCheck,
  relaysCheck,
  dhtCheck,
  clockCheck,
  versionsCheck
]

export interface MeshReport {
  /** Undefined where there is no mesh to look at, or nobody could. */
  facts: MeshFacts | undefined
  sections: SectionReport[]
}

/** Looks at the mesh, and judges it. @throws the reason of the signal */
export async function checkMesh(init: SurveyInit): Promise<MeshReport> {
  try {
    const facts = await surveyMesh(init)
    if (facts === undefined) return withoutFacts('none is known here; --bootstrap names one')
    const sections = MESH_CHECKS.map(({ judge, section }) => ({ section, ...judge(facts) }))
    return { facts, sections }
  } catch (cause) {
    init.signal?.throwIfAborted()
    const { hint, message } = MeshError.from(cause)
    return withoutFacts('not looked at', {
      severity: 'problem',
      what: `nobody can visit the mesh from here: ${message}`,
      why: 'whether it is reached, and this machine by it, is not known',
      remedy: hint ?? 'run taskmesh doctor as the user that runs the nodes'
    })
  }
}

function withoutFacts(summary: string, ...findings: SectionReport['findings']): MeshReport {
  return { facts: undefined, sections: [{ section: 'mesh', summary, findings }] }
}
