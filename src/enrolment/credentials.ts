/** A node's own certificate: the one it shows now, kept in its folder, replaced when it is renewed. */
import { certificateOf, delegationOf, saveMembership } from '../membership/own-membership.ts'
import type { Certificate } from '../membership/documents.ts'
import type { Delegation } from '../model/generated/delegation.ts'
import type { OwnMembership } from '../membership/own-membership.ts'

export class Credentials {
  readonly #folder: string | undefined
  readonly #listeners = new Set<() => void>()
  #membership: OwnMembership | undefined
  #claims: Certificate | undefined

  /** @param folder where it is kept; undefined: nowhere, as for a visitor */
  constructor(folder: string | undefined, membership?: OwnMembership) {
    this.#folder = folder
    this.#hold(membership)
  }

  /** Its signed text; undefined until the node has joined. */
  get certificate(): string | undefined {
    return this.#membership?.certificate
  }

  get claims(): Certificate | undefined {
    return this.#claims
  }

  get delegation(): Delegation | undefined {
    return this.#membership === undefined ? undefined : delegationOf(this.#membership)
  }

  get membership(): OwnMembership | undefined {
    return this.#membership
  }

  /** Calls back when there is a new certificate to show. */
  onRenewed(listener: () => void): void {
    this.#listeners.add(listener)
  }

  /** On disk first. @throws MeshError IDENTITY_UNUSABLE */
  replace(membership: OwnMembership): void {
    if (this.#folder !== undefined) saveMembership(this.#folder, membership)
    this.#hold(membership)
    for (const listener of this.#listeners) listener()
  }

  #hold(membership: OwnMembership | undefined): void {
    this.#membership = membership
    this.#claims = membership === undefined ? undefined : certificateOf(membership)
  }
}
