/** Every role, every command, of every role that serves it: allowed is what the table of rights says, and no more. */
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { COMMAND_NAMES } from '../../../src/protocol/commands.ts'
import { CommandServer } from '../../../src/protocol/command-server.ts'
import { Credentials } from '../../../src/enrolment/credentials.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import { MEMBER_ROLES } from '../../../src/membership/documents.ts'
import { Members } from '../../../src/membership/members.ts'
import { MeshAccess } from '../../../src/enrolment/mesh-access.ts'
import { Notices } from '../../../src/membership/notices.ts'
import { RIGHTS, apiScopeOf, mayCall } from '../../../src/membership/rights.ts'
import { issueCertificate } from '../../../src/membership/certificates.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import { COMMAND_EXAMPLES } from '../../support/command-examples.ts'
import { NOW_MS, buildAuthority, buildPeer } from '../../support/build-authority.ts'
import type { Caller } from '../../../src/membership/rights.ts'
import type { CommandName } from '../../../src/protocol/commands.ts'
import type { MemberRole } from '../../../src/membership/documents.ts'

const CALLERS: readonly Caller[] = [...MEMBER_ROLES, 'stranger']
const authority = buildAuthority()
const { meshId } = authority
const peers = new Map<Caller, string>(CALLERS.map((caller) => [caller, buildPeer()]))
const nowMs = (): number => NOW_MS
const notices = new Notices({ meshId, nowMs })
const members = new Members({ meshId, notices, nowMs })

beforeAll(async () => {
  for (const role of MEMBER_ROLES) {
    const peer = peers.get(role) ?? ''
    // oxlint-disable-next-line no-await-in-loop -- seven
    await members.admit(peer, await issueCertificate({ peer, role, nowMs: NOW_MS }, authority))
  }
})

function accessOf(role: MemberRole): MeshAccess {
  const introductions = { meet: async () => {} }
  return new MeshAccess({ credentials: new Credentials(undefined), introductions, members, role })
}

function serverOf(role: MemberRole): CommandServer {
  const access = accessOf(role)
  const server = new CommandServer({ access, role, selfPeer: buildPeer(), logger: silentLogger })
  server.register(
    Object.fromEntries(COMMAND_NAMES.map((command) => [command, () => ({ result: {} })]))
  )
  return server
}

async function codeOf(server: CommandServer, caller: Caller, command: string): Promise<string> {
  const params = COMMAND_EXAMPLES.find((one) => one.command === command)?.params ?? {}
  const remotePeer = peers.get(caller) ?? ''
  const { signal } = new AbortController()
  const asked = { command, params, remotePeer, from: undefined, to: undefined, signal }
  return (await server.answer(asked)).error?.code ?? 'none'
}

const cases = MEMBER_ROLES.flatMap((served) =>
  CALLERS.flatMap((caller) => COMMAND_NAMES.map((command) => [caller, command, served] as const))
)

it.each(cases)('a %s that calls %s of a %s', async (caller, command, served) => {
  const refusal = caller === 'stranger' ? 'NOT_A_MEMBER' : 'COMMAND_FORBIDDEN'
  const code = await codeOf(serverOf(served), caller, command)
  expect(code).toBe(mayCall(caller, command, served) ? 'none' : refusal)
})

describe('a stranger', () => {
  it('may introduce itself and join, and nothing else', () => {
    const allowed = COMMAND_NAMES.filter((command) =>
      MEMBER_ROLES.some((served) => mayCall('stranger', command, served))
    )
    expect(allowed.toSorted()).toEqual(['INTRODUCE', 'JOIN_MESH'])
  })

  it('is not told which commands there are', async () => {
    const server = serverOf('router')
    expect(await codeOf(server, 'stranger', 'NO_SUCH_COMMAND')).toBe('NOT_A_MEMBER')
    expect(await codeOf(server, 'monitor', 'NO_SUCH_COMMAND')).toBe('COMMAND_UNKNOWN')
  })
})

it('only routers make a worker do anything', () => {
  const commands: CommandName[] = [
    'EXECUTE_TASK',
    'ATTACH_TASK',
    'STOP_TASK',
    'RELEASE_TASKS',
    'SET_AVAILABILITY'
  ]
  for (const command of commands) {
    expect(CALLERS.filter((caller) => mayCall(caller, command, 'worker'))).toEqual(['router'])
  }
})

it.each<[Caller, MemberRole, number]>([
  ['client', 'router', LIMITS.commandBytesMax],
  ['operator', 'router', LIMITS.commandBytesMax],
  ['worker', 'router', LIMITS.memberCommandBytesMax],
  ['client', 'worker', LIMITS.memberCommandBytesMax],
  ['router', 'worker', LIMITS.memberCommandBytesMax],
  ['operator', 'bootstrap', LIMITS.memberCommandBytesMax],
  ['stranger', 'router', LIMITS.strangerCommandBytesMax]
])('a %s may send a %s requests of %i bytes', (caller, served, bytes) => {
  expect(accessOf(served).requestBytesMax(peers.get(caller) ?? '')).toBe(bytes)
})

it('only operators decide who belongs', () => {
  for (const served of MEMBER_ROLES) {
    expect(CALLERS.filter((caller) => mayCall(caller, 'DECIDE_MEMBER', served))).toEqual([
      'operator'
    ])
  }
})

it('a role that names itself after an object’s own parts may call nothing', () => {
  for (const caller of ['constructor', '__proto__', 'any'] as unknown as Caller[]) {
    expect(COMMAND_NAMES.filter((command) => mayCall(caller, command, 'router'))).toEqual([])
  }
})

it('the table in docs/security.md is the one that holds', () => {
  const path = new URL('../../../docs/security.md', import.meta.url)
  const [, section = ''] = readFileSync(path, 'utf8').split('\n## Which role may call what\n')
  const rows = section
    .split('\n## ')[0]
    ?.split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.replaceAll(/ +/g, ' '))
  expect(rows).toEqual(documentedRows())
})

it('so is that of the API, where a mesh without an authority lets everybody hand in jobs', () => {
  const path = new URL('../../../docs/security.md', import.meta.url)
  const title = "\n## Which role may do what at a router's API\n"
  const rows = [
    ...(readFileSync(path, 'utf8').split(title)[1] ?? '')
      .split('\n## ', 1)
      .join()
      .matchAll(/^\| `(\w+)` *\| `(\w+)` *\|$/gm)
  ]
  const documented = new Map(rows.map(([, role, scope]) => [role, scope]))
  for (const role of MEMBER_ROLES) expect(apiScopeOf(role)).toBe(documented.get(role))
  expect(documented.size).toBe(4)
  expect(apiScopeOf(undefined)).toBe('submit')
})

/** What the table has to say, row by row. */
function documentedRows(): string[] {
  return Object.entries(RIGHTS).flatMap(([command, rights]) =>
    Object.entries(rights).map(([served, callers]) => {
      const isAnyone = callers.includes('stranger')
      const isAnyMember = MEMBER_ROLES.every((role) => callers.includes(role))
      const names = isAnyone ? 'anyone' : isAnyMember ? 'any member' : callers.join(', ')
      return `| \`${command}\` | ${served} | ${names} |`
    })
  )
}
