/**
 * What kind of gateway this machine is behind, if any: two bootstraps have been dialled from one port, and each has said
 * where it saw that come from. A gateway that shows the same port to both can be punched through.
 */
import { isIPv6 } from 'node:net'
import { answering, isLocalMesh } from './mesh-words.ts'
import type { Endpoint, MeshFacts } from '../survey/facts.ts'
import type { Finding, MeshCheck, Verdict } from './check.ts'

export const natCheck: MeshCheck = { section: 'NAT', judge: judgeNat }

interface Sighting {
  /** The machine that has seen it. */
  by: string
  seen: Endpoint
}

function judgeNat(facts: MeshFacts): Verdict {
  if (isLocalMesh(facts)) return well('none: the mesh is on this machine alone')
  const sightings = answering(facts).flatMap(({ answer }): Sighting[] =>
    answer?.observed === undefined
      ? []
      : [{ by: answer.address.split('/')[2] ?? '', seen: answer.observed }]
  )
  // A machine has an address of its own in IPv6, and a gateway between it and IPv4.
  const four = sightings.filter(({ seen }) => !isIPv6(seen.host))
  const counted = four.length > 0 ? four : sightings
  const [first] = counted
  if (first === undefined)
    return well('not looked at: no bootstrap on a public address has answered')
  const hosts = new Set(counted.map(({ seen }) => seen.host))
  if ([...hosts].every((host) => facts.ownHosts.includes(host))) {
    return well(`none: ${[...hosts].join(', ')} is this machine's own address`)
  }
  if (new Set(counted.map(({ by }) => by)).size < 2) return unknownKind(first.seen.host)
  const ends = new Set(counted.map(({ seen }) => `${seen.host} ${seen.port}`))
  if (ends.size === 1) {
    return well(`cone, behind ${first.seen.host}: holes can be punched through it`)
  }
  return symmetric([...hosts])
}

function well(summary: string): Verdict {
  return { summary, findings: [] }
}

function unknownKind(host: string): Verdict {
  const finding: Finding = {
    severity: 'note',
    what: 'which kind of gateway this machine is behind is not known',
    why: 'it shows only where two bootstraps on different addresses are asked, and decides whether holes can be punched',
    remedy: 'name a second one with --bootstrap; a mesh does well to have two or three'
  }
  return { summary: `behind ${host}, of an unknown kind`, findings: [finding] }
}

function symmetric(hosts: readonly string[]): Verdict {
  const finding: Finding = {
    severity: 'note',
    what: 'the gateway of this machine shows another port, or another address, to each that it calls',
    why: 'no hole can be punched through it: what two such machines send each other stays on relays, and goes at their rate',
    remedy:
      'forward a port to the node and say --announce /ip4/ADDRESS/tcp/PORT, or try --map-ports; public nodes need nothing'
  }
  return { summary: `symmetric, behind ${hosts.join(', ')}`, findings: [finding] }
}
