/** What is signed opens as what it was, and who is banned does not depend on who tells whom when. */
import * as fc from 'fast-check'
import { beforeAll, expect, it } from 'vitest'
import { MEMBER_ROLES } from '../../src/membership/documents.ts'
import { Notices, signNotice } from '../../src/membership/notices.ts'
import { createJoinToken, openJoinToken, signedTextOf } from '../../src/membership/join-tokens.ts'
import { issueCertificate, openCertificate } from '../../src/membership/certificates.ts'
import { NOW_MS, buildAuthority, buildDelegate, buildPeer } from '../support/build-authority.ts'
import type { Delegate } from '../support/build-authority.ts'

const SEED = 20_261_121
const SUBJECTS = Array.from({ length: 3 }, () => buildPeer())

const authority = buildAuthority()
const { meshId } = authority
const trust = { meshId, nowMs: NOW_MS }
let delegates: Delegate[]
let pool: string[]

beforeAll(async () => {
  delegates = [await buildDelegate(authority), await buildDelegate(authority)]
  const signers = [authority, ...delegates.map(({ signatory }) => signatory)]
  const subjects = [...SUBJECTS, ...delegates.map(({ peer }) => peer)]
  const all = signers.flatMap((by) =>
    subjects.flatMap((sub) =>
      [0, 1, 2].flatMap((atS) =>
        (['ban', 'pardon'] as const).map((verdict) =>
          signNotice({ sub, verdict, nowMs: NOW_MS - atS * 1_000 }, by)
        )
      )
    )
  )
  pool = await Promise.all(all)
})

const role = fc.constantFrom(...MEMBER_ROLES)
const labels = fc.dictionary(
  fc.stringMatching(/^[a-z][a-z0-9-]{0,9}$/),
  fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,9}$/),
  { maxKeys: 5 }
)

it('certificates and tokens say what they were made with', async () => {
  await fc.assert(
    fc.asyncProperty(
      role,
      labels,
      fc.boolean(),
      fc.integer({ min: 1, max: 100_000 }),
      async (as, fixed, isDelegated, uses) => {
        const by = isDelegated ? (delegates[0] as Delegate).signatory : authority
        const [peer, other] = SUBJECTS as [string, string]
        const grant = { peer, role: as, nowMs: NOW_MS, labels: fixed }
        const opened = await openCertificate(await issueCertificate(grant, by), peer, trust)
        expect(opened.claims).toMatchObject({ sub: peer, role: as, iss: meshId })
        expect(opened.claims.labels ?? {}).toEqual(fixed)
        expect(opened.by?.sub).toBe(isDelegated ? delegates[0]?.peer : undefined)
        const exchange = { issuer: other, uses, needsApproval: isDelegated }
        const init = {
          role: as,
          nowMs: NOW_MS,
          lifeMs: 1_000,
          bootstrap: [],
          exchange,
          labels: fixed
        }
        const text = signedTextOf(await createJoinToken(init, by))
        const { claims } = await openJoinToken(text, trust)
        expect(claims).toMatchObject({ role: as, uses, aud: other })
        expect(claims.approval).toBe(isDelegated ? true : undefined)
      }
    ),
    { seed: SEED, numRuns: 60 }
  )
})

it('notices end the same in whichever order and in however many parts they come', async () => {
  const parts = fc.array(fc.array(fc.nat(), { maxLength: 12 }), { minLength: 1, maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(parts, fc.array(fc.nat(), { maxLength: 4 }), async (drawn, again) => {
      const groups = drawn.map((part) => part.map((index) => pool[index % pool.length] ?? ''))
      const [one, two] = [build(), build()]
      // One hears them as they come; the other the last first, and some twice.
      for (const group of groups) await one.add(group)
      for (const group of groups.toReversed()) await two.add(group.toReversed())
      await two.add(groups.flat().filter((_, index) => again.includes(index)))
      expect(two.digest).toBe(one.digest)
      expect(bansOf(two)).toEqual(bansOf(one))
      // What has travelled through a third node is the same as well.
      const three = build()
      await three.add(one.textsBut())
      expect(three.digest).toBe(one.digest)
      expect(bansOf(three)).toEqual(bansOf(one))
    }),
    { seed: SEED, numRuns: 60 }
  )
})

function build(): Notices {
  return new Notices({ meshId, nowMs: () => NOW_MS })
}

function bansOf(notices: Notices): boolean[] {
  return [...SUBJECTS, ...delegates.map(({ peer }) => peer)].map(
    (sub) => notices.banOf(sub) !== undefined
  )
}
