/** What a home knows of its mesh: the bootstraps that have run in it, and what to say where it knows none. */
import { MeshError } from '../core/errors.ts'
import { isAlive } from './process-facts.ts'
import { nodesIn } from '../enrolment/home-nodes.ts'
import { readContacts } from '../roles/contact-file.ts'
import type { Contact } from '../roles/contact-file.ts'

export interface HomeBootstrap extends Contact {
  isRunning: boolean
  /** May let others in. */
  isIssuer: boolean
}

/** Those of the mesh; of those that run and let others in the first come first. @throws MeshError IDENTITY_UNUSABLE */
export function bootstrapsIn(home: string, meshId: string): HomeBootstrap[] {
  const nodes = new Map(nodesIn(home).map((node) => [node.certificate.sub, node]))
  const rankOf = ({ isIssuer, isRunning }: HomeBootstrap): number =>
    (isIssuer ? 0 : 2) + (isRunning ? 0 : 1)
  return readContacts(home)
    .filter(({ peer_id: peer }) => nodes.get(peer)?.certificate.iss === meshId)
    .map((contact) => ({
      ...contact,
      isRunning: isAlive(contact.pid),
      isIssuer: nodes.get(contact.peer_id)?.delegation !== undefined
    }))
    .toSorted((left, right) => rankOf(left) - rankOf(right))
}

export function noAuthorityError(home: string): MeshError {
  return new MeshError('COMMAND_FORBIDDEN', `nobody in ${home} may say who belongs to a mesh`, {
    hint:
      'make a mesh with `taskmesh init`; or, if there is one: name the home of its authority with --home, or have a ' +
      'token made there with --role operator and take it here with `taskmesh join`'
  })
}
