/**
 * Who asks: the token that came with a request, or the peer that it came from, and what the scope allows. Each scope holds
 * those before it.
 */
import { MeshError } from '../core/errors.ts'
import type { TokenScope } from '../model/generated/api-token.ts'

/** From the least to the most. */
export const SCOPES = ['read', 'submit', 'operate'] as const satisfies readonly TokenScope[]

export interface Caller {
  /** What its jobs and its deeds are written down under. */
  readonly submitter: string
  readonly scope: TokenScope
  /** Of a named token. */
  readonly tokenId?: string
  /** False once the token is over or revoked; streams that go on look at it again. */
  isValid(): boolean
}

/** Of the router's own token; the mesh's own submitters are known by PeerId. */
const OWNER_NAME = 'http'

/** Whoever has the router's own token. */
export const OWNER: Caller = Object.freeze({
  submitter: OWNER_NAME,
  scope: 'operate',
  isValid: () => true
})

/** Tokens of one name count as one, so that a new one takes over the jobs of the one before it. */
export function submitterOf(tokenName: string): string {
  return `${OWNER_NAME}/${tokenName}`
}

/** A member of the mesh, known by its PeerId. */
export function peerCaller(
  peer: string,
  scope: TokenScope,
  scopeOf: (peer: string) => TokenScope | undefined
): Caller {
  return {
    submitter: peer,
    scope,
    isValid: () => {
      try {
        const now = scopeOf(peer)
        return now !== undefined && covers(now, scope)
      } catch {
        // It belongs here no more.
        return false
      }
    }
  }
}

export function covers(scope: TokenScope, needed: TokenScope): boolean {
  return SCOPES.indexOf(scope) >= SCOPES.indexOf(needed)
}

/** @throws MeshError FORBIDDEN naming the scope that is needed */
export function checkScope({ scope }: Caller, needed: TokenScope): void {
  if (covers(scope, needed)) return
  throw new MeshError('FORBIDDEN', `this needs a token of scope "${needed}"`, {
    hint: `yours has "${scope}"; taskmesh router token create --scope ${needed} makes one`
  })
}
