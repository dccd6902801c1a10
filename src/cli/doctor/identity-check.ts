/** Who the nodes of this home are: whether each key can be read, and whether the certificate beside it is for that key. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { MeshError } from '../../core/errors.ts'
import { certificateOf, loadMembership, membershipFile } from '../../membership/own-membership.ts'
import { peerOf, publicRawOf } from '../../core/peer-keys.ts'
import { quoted } from './check.ts'
import type { Check, CheckContext, Finding } from './check.ts'

export const identityCheck: Check = { section: 'identity', run: checkIdentities }

async function checkIdentities({ home }: CheckContext): Promise<Finding[]> {
  if (statSync(home, { throwIfNoEntry: false }) === undefined) return []
  const names = readdirSync(home, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    // A node that has no key yet makes one.
    .filter((name) => existsSync(join(home, name, 'key')))
  const findings = await Promise.all(names.map((name) => checkIdentity(name, join(home, name))))
  return findings.flat()
}

async function checkIdentity(name: string, folder: string): Promise<Finding[]> {
  // Imported only now: it brings the cryptography of libp2p, and most commands need none of it.
  const { loadIdentity } = await import('../../network/identity.ts')
  try {
    const peer = peerOf(publicRawOf(await loadIdentity(join(folder, 'key'))))
    const { sub = peer } = claimsIn(folder)
    return sub === peer ? [] : [otherKey(name, folder, { peer, sub })]
  } catch (cause) {
    const { hint = 'restore it from a backup', message } = MeshError.from(cause)
    const why = 'it does not start; who has no key is nobody'
    return [{ severity: 'problem', what: `the key of ${name}: ${message}`, why, remedy: hint }]
  }
}

function claimsIn(folder: string): { sub?: string } {
  try {
    const membership = loadMembership(folder)
    return membership === undefined ? {} : { sub: certificateOf(membership).sub }
  } catch {
    // The check of memberships speaks of that.
    return {}
  }
}

function otherKey(
  name: string,
  folder: string,
  { peer, sub }: { peer: string; sub: string }
): Finding {
  return {
    severity: 'problem',
    what: `the certificate of ${name} is for ${sub}, and its key is that of ${peer}`,
    why: 'it is not taken for the member that it was: the key was replaced, or the folder put together from two',
    remedy: `restore the key that belongs to it; or rm ${quoted(membershipFile(folder))}, and start it with --join @FILE`
  }
}
