/** Bans and pardons: which of them holds, whoever brings them in whichever order. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LIMITS } from '../../../src/core/limits.ts'
import { NOTICE } from '../../../src/membership/documents.ts'
import { Notices, signNotice } from '../../../src/membership/notices.ts'
import { readClaims, signClaims } from '../../../src/membership/signed-claims.ts'
import {
  DAY_MS,
  HOUR_MS,
  NOW_MS,
  buildAuthority,
  buildDelegate,
  buildPeer,
  codeOf
} from '../../support/build-authority.ts'
import type { Signatory } from '../../../src/membership/signed-claims.ts'

const authority = buildAuthority()
const { meshId } = authority
const subject = buildPeer()
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'taskmesh-notices-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

function build(nowMs = NOW_MS, file?: string): Notices {
  return new Notices({ meshId, nowMs: () => nowMs, file })
}

async function sign(
  verdict: 'ban' | 'pardon',
  { atS = 0, by = authority, sub = subject }: { atS?: number; by?: Signatory; sub?: string } = {}
): Promise<string> {
  return await signNotice({ sub, verdict, nowMs: NOW_MS + atS * 1_000 }, by)
}

/** Whether the subject is banned once all of them were taken in this order, and in the opposite one. */
async function isBanned(texts: readonly string[], sub = subject): Promise<boolean> {
  const [forth, back] = [build(), build()]
  await forth.add(texts)
  for (const text of texts.toReversed()) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await back.add([text])
  }
  expect(forth.digest).toBe(back.digest)
  const banned = forth.banOf(sub) !== undefined
  expect(back.banOf(sub) !== undefined).toBe(banned)
  return banned
}

describe('of several', () => {
  it('the latest holds', async () => {
    expect(await isBanned([await sign('ban')])).toBe(true)
    expect(await isBanned([await sign('ban'), await sign('pardon', { atS: 1 })])).toBe(false)
    const again = [
      await sign('ban'),
      await sign('pardon', { atS: 1 }),
      await sign('ban', { atS: 2 })
    ]
    expect(await isBanned(again)).toBe(true)
  })

  it('of the same second the ban holds', async () => {
    expect(await isBanned([await sign('ban'), await sign('pardon')])).toBe(true)
  })

  it('only the latest of each signer is kept', async () => {
    const notices = build()
    for (let atS = 0; atS < 5; atS += 1) {
      // oxlint-disable-next-line no-await-in-loop
      await notices.add([await sign(atS % 2 === 0 ? 'ban' : 'pardon', { atS })])
    }
    expect(notices.textsBut()).toHaveLength(1)
    expect(notices.banOf(subject)).toBeDefined()
  })

  it('the same counts once', async () => {
    const notices = build()
    const onChange = vi.fn<() => void>()
    notices.onChange(onChange)
    const text = await sign('ban')
    await notices.add([text, text])
    await notices.add([text])
    expect(notices.textsBut()).toEqual([text])
    expect(onChange).toHaveBeenCalledTimes(1)
  })
})

describe('a delegate', () => {
  it('bans and pardons', async () => {
    const { signatory: by } = await buildDelegate(authority)
    expect(await isBanned([await sign('ban', { by })])).toBe(true)
    expect(await isBanned([await sign('ban', { by }), await sign('pardon', { by, atS: 1 })])).toBe(
      false
    )
  })

  it('does not take back what the authority has banned, and the authority may take back what it has', async () => {
    const { signatory: by } = await buildDelegate(authority)
    expect(await isBanned([await sign('ban'), await sign('pardon', { by, atS: 9 })])).toBe(true)
    expect(await isBanned([await sign('ban', { by }), await sign('pardon', { atS: 1 })])).toBe(
      false
    )
    expect(await isBanned([await sign('pardon'), await sign('ban', { by, atS: 1 })])).toBe(true)
  })

  it('has no say about itself: another’s ban of it stays', async () => {
    const [one, two] = [await buildDelegate(authority), await buildDelegate(authority)]
    const ban = await sign('ban', { by: two.signatory, sub: one.peer })
    const pardon = await sign('pardon', { by: one.signatory, sub: one.peer, atS: 9 })
    expect(await isBanned([ban, pardon], one.peer)).toBe(true)
  })

  it('has no say at all once the authority has banned it', async () => {
    const { peer, signatory: by } = await buildDelegate(authority)
    const ban = await sign('ban', { by })
    expect(await isBanned([ban, await sign('ban', { sub: peer })])).toBe(false)
    const pardoned = [
      ban,
      await sign('ban', { sub: peer }),
      await sign('pardon', { sub: peer, atS: 1 })
    ]
    expect(await isBanned(pardoned)).toBe(true)
  })

  it('can’t hide another’s notice by giving its own the same serial', async () => {
    const { signatory: by } = await buildDelegate(authority)
    const ban = await sign('ban')
    const { jti } = readClaims(ban, NOTICE)
    const claims = { sub: buildPeer(), jti, iat: NOW_MS / 1_000, verdict: 'pardon' as const }
    expect(await isBanned([await signClaims(claims, NOTICE, by), ban])).toBe(true)
  })

  it('whose time is over is still heard with what it said in time', async () => {
    const { signatory: by } = await buildDelegate(authority, { lifeMs: HOUR_MS })
    const notices = build(NOW_MS + DAY_MS)
    await notices.add([await sign('ban', { by }), await sign('ban', { sub: buildPeer() })])
    expect(notices.banOf(subject)).toBeDefined()
    const late = await sign('ban', { by, sub: buildPeer(), atS: 7_200 })
    expect(await codeOf(notices.add([late]))).toBe('CREDENTIAL_EXPIRED')
  })

  it('that signs more than its share leaves room for others', async () => {
    const [rogue, honest] = [await buildDelegate(authority), await buildDelegate(authority)]
    const notices = build()
    await notices.add([await sign('ban', { by: honest.signatory })])
    const count = LIMITS.noticesPerIssuerMax + 20
    const texts = await Promise.all(
      Array.from({ length: count }, async (_, index) =>
        sign('ban', { by: rogue.signatory, sub: `subject-${index}`, atS: index % 100 })
      )
    )
    await notices.add(texts)
    await notices.add([await sign('ban', { sub: rogue.peer })])
    expect(notices.textsBut()).toHaveLength(LIMITS.noticesPerIssuerMax + 2)
    expect(notices.banOf(subject)).toBeDefined()
    expect(notices.banOf('subject-50')).toBeUndefined()
  })
})

describe('what is no notice', () => {
  it.each([
    ['of another mesh', 'MESH_MISMATCH', () => sign('ban', { by: buildAuthority() })],
    ['of nobody', 'CREDENTIAL_INVALID', () => sign('ban', { by: { ...buildAuthority(), meshId } })],
    ['nothing', 'CREDENTIAL_INVALID', async () => 'x.y.z']
  ])('is refused, and what came before it kept: %s', async (_name, code, make) => {
    const notices = build()
    const texts = [await sign('ban'), await make(), await sign('ban', { sub: buildPeer() })]
    expect(await codeOf(notices.add(texts))).toBe(code)
    expect(notices.textsBut()).toEqual([texts[0]])
  })

  it('of tomorrow waits, and does not stand in the way of others', async () => {
    let nowMs = NOW_MS
    const notices = new Notices({ meshId, nowMs: () => nowMs })
    const early = await sign('ban', { atS: 86_400, sub: buildPeer() })
    await notices.add([early, await sign('ban')])
    expect(notices.textsBut()).toHaveLength(1)
    nowMs += DAY_MS
    await notices.add([early])
    expect(notices.textsBut()).toHaveLength(2)
  })
})

describe('on disk', () => {
  it('they outlive the process, by any clock, for their owner’s eyes only', async () => {
    const file = join(folder, 'notices.json')
    const { signatory: by } = await buildDelegate(authority, { lifeMs: HOUR_MS })
    const first = build(NOW_MS, file)
    await first.add([await sign('ban', { by }), await sign('ban', { sub: buildPeer() })])
    expect(statSync(file).mode & 0o777).toBe(0o600)
    for (const nowMs of [NOW_MS - 30 * DAY_MS, NOW_MS, NOW_MS + 1_000 * DAY_MS]) {
      const second = build(nowMs, file)
      // oxlint-disable-next-line no-await-in-loop
      await second.load()
      expect(second.digest).toBe(first.digest)
      expect(second.banOf(subject)).toBeDefined()
    }
  })

  it('a broken file stops the node, rather than let the banned back in', async () => {
    const file = join(folder, 'notices.json')
    for (const text of ['', '[', '{}', '[1]', '["a.b.c"]', `["${await forged()}"]`]) {
      writeFileSync(file, text, { mode: 0o600 })
      // oxlint-disable-next-line no-await-in-loop
      expect(await codeOf(build(NOW_MS, file).load())).toBe('IDENTITY_UNUSABLE')
    }
  })

  it('those of another mesh are left behind', async () => {
    const file = join(folder, 'notices.json')
    const text = await sign('ban', { by: buildAuthority() })
    writeFileSync(file, JSON.stringify([text, await sign('ban')]), { mode: 0o600 })
    const notices = build(NOW_MS, file)
    await notices.load()
    expect(notices.textsBut()).toHaveLength(1)
  })

  it('the file holds what is kept and nothing else', async () => {
    const file = join(folder, 'notices.json')
    const notices = build(NOW_MS, file)
    await notices.add([await sign('ban')])
    await notices.add([await sign('pardon', { atS: 1 })])
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(notices.textsBut())
  })
})

async function forged(): Promise<string> {
  return await sign('ban', { by: { ...buildAuthority(), meshId } })
}

it.each([
  ['a part of a peer id', subject.slice(0, 12)],
  ['a peer id with a letter too many', `${subject}A`],
  ['a name', 'the laptop'],
  ['nothing', '']
])('%s is nobody to sign a notice of', async (_name, sub) => {
  await expect(sign('ban', { sub })).rejects.toMatchObject({
    code: 'FIELD_INVALID',
    path: 'subject',
    hint: expect.stringContaining('12D3KooW')
  })
})
