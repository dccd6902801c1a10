/** Which program runs where: whether bootstraps speak what this one speaks, and nodes run what is installed. */
import { COMMAND_PROTOCOL_V1, DHT_PROTOCOL_V1 } from '../../protocol/ids.ts'
import { answering, nameOf } from './mesh-words.ts'
import type { BootstrapFacts, MeshFacts } from '../survey/facts.ts'
import type { Finding, MeshCheck, Verdict } from './check.ts'

/** What a bootstrap is there for. */
const NEEDED = [COMMAND_PROTOCOL_V1, DHT_PROTOCOL_V1] as const

export const versionsCheck: MeshCheck = { section: 'versions', judge: judgeVersions }

function judgeVersions(facts: MeshFacts): Verdict {
  const { agent, own } = facts
  const bootstraps = answering(facts).filter(({ answer }) => answer?.agent !== undefined)
  const old = own.flatMap((node) =>
    node.identity?.agent === undefined || node.identity.agent === agent
      ? []
      : [otherNode(node.name, node.identity.agent, agent)]
  )
  const others = [...new Set(bootstraps.map(({ answer }) => answer?.agent ?? ''))].filter(
    (one) => one !== agent
  )
  return {
    summary: [
      `${agent} here`,
      ...(bootstraps.length === 0
        ? []
        : [`bootstraps: ${others.length === 0 ? 'the same' : others.join(', ')}`])
    ].join('; '),
    findings: [...old, ...bootstraps.flatMap((one) => judgeBootstrap(one, agent))]
  }
}

function otherNode(name: string, theirs: string, ours: string): Finding {
  return {
    severity: 'note',
    what: `${name} runs ${theirs}, and ${ours} is installed`,
    why: 'it runs what was there when it was started',
    remedy: 'start it again when it suits'
  }
}

function judgeBootstrap(bootstrap: BootstrapFacts, ours: string): Finding[] {
  const { agent = '', protocols = [] } = bootstrap.answer ?? {}
  const missing = NEEDED.filter((protocol) => !protocols.includes(protocol))
  if (missing.length > 0) {
    return [
      {
        severity: 'problem',
        what: `${nameOf(bootstrap)} (${agent}) does not speak ${missing.join(', ')}`,
        why: 'it can introduce nobody: it is no bootstrap of taskmesh, or of a version that this one cannot talk to',
        remedy: 'name another with --bootstrap, or bring both to the same version'
      }
    ]
  }
  if (agent === ours) return []
  return [
    {
      severity: 'note',
      what: `${nameOf(bootstrap)} runs ${agent}, and this is ${ours}`,
      why: 'they speak the same protocols; new features may be missing on one side',
      remedy: 'bring both to the same version when it suits'
    }
  ]
}
