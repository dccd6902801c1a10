/** Whether the nodes of this home are found by others: another node has looked them up in the DHT. */
import { listOf } from './mesh-words.ts'
import { plural } from '../render.ts'
import type { Finding, MeshCheck, Verdict } from './check.ts'
import type { MeshFacts, OwnNodeFacts, VisitTrouble } from '../survey/facts.ts'

export const dhtCheck: MeshCheck = { section: 'DHT', judge: judgeDht }

function judgeDht({ own, visit }: MeshFacts): Verdict {
  if (visit.trouble !== undefined) return notLooked(visit.trouble)
  const looked = own.filter(({ found }) => found !== undefined)
  if (looked.length === 0)
    return { summary: 'no node of this home is looked up there', findings: [] }
  const lost = looked.filter(({ found }) => found?.isFound === false)
  return {
    summary:
      lost.length === 0
        ? `another node finds ${listOf(looked)}`
        : `another node finds ${looked.length - lost.length} of ${plural(looked.length, 'node')}`,
    findings: lost.map(notFound)
  }
}

function notFound({ found, name }: OwnNodeFacts): Finding {
  const why = found?.isFound === false ? found.why : undefined
  return {
    severity: 'warning',
    what: `another node does not find ${name} in the DHT${why === undefined ? '' : `: ${why}`}`,
    why: 'routers and peers that have not heard of it by gossip or from a bootstrap do not know that it is there',
    remedy:
      'if it has just started, look again in a minute; then at its log, and at the bootstraps above'
  }
}

function notLooked({ kind, why }: VisitTrouble): Verdict {
  const findings: Readonly<Record<VisitTrouble['kind'], readonly Finding[]>> = {
    // That nobody answers is said already.
    unreachable: [],
    stranger: [
      {
        severity: 'note',
        what: 'whether others find the nodes of this home was not looked at: a visitor has to be a member',
        why: 'strangers are shown nothing of a mesh with an authority; a node would not be asked by itself',
        remedy:
          'where the authority is: taskmesh token create --role client; here: taskmesh join @FILE'
      }
    ],
    refused: [
      {
        severity: 'warning',
        what: `a visitor from this home is not let in: ${why}`,
        why: 'commands that visit the mesh fail the same way',
        remedy:
          'taskmesh token create --role client where the authority is; here: taskmesh join @FILE'
      }
    ]
  }
  return { summary: `not looked at: ${why}`, findings: findings[kind] }
}
