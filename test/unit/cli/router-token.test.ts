/** `taskmesh router token …`: a token is printed once and alone, listed without itself, and taken back by its id. */
import { expect, test } from 'vitest'
import { homeOf, startWithHome } from '../../support/api-with-home.ts'
import { runInProcess } from '../../support/fake-terminal.ts'

const run = (env: Record<string, string>, line: string) =>
  runInProcess(['router', 'token', ...line.split(' ')], { env })

test('made, used, listed, revoked', async () => {
  const { env, services, url } = await startWithHome()
  const made = await run(env, 'create --scope read --name wall --ttl 12h')
  const [view] = services.tokens.list()
  expect(made).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('not shown again') as string
  })
  const token = made.stdout.trim()
  expect(token).toMatch(new RegExp(`^taskmesh-${view?.id}-[\\w-]{43}$`))
  const theirs = { TASKMESH_HOME: homeOf(), TASKMESH_API: url, TASKMESH_TOKEN: token }
  expect((await runInProcess(['peers', '--json'], { env: theirs })).code).toBe(0)
  const refused = await run(theirs, 'list')
  expect(refused.stderr).toContain('FORBIDDEN: this needs a token of scope "operate"')
  const listed = await run(env, 'list')
  expect(listed.stdout).toMatch(new RegExp(`${view?.id} +wall +read +2`))
  expect(listed.stdout).not.toContain(token)
  const revoked = await run(env, `revoke ${view?.id}`)
  expect(revoked.stdout).toBe(`revoked ${view?.id} (wall, read)\n`)
  expect((await runInProcess(['peers'], { env: theirs })).stderr).toContain('UNAUTHORISED')
})

test('--json is all of it, for a program', async () => {
  const { env } = await startWithHome()
  const { stdout } = await run(env, 'create --scope submit --name ci --json')
  expect(JSON.parse(stdout)).toMatchObject({
    name: 'ci',
    scope: 'submit',
    token: expect.any(String) as string
  })
})

test.each([
  ['create --name ci', 'FIELD_MISSING: --scope is missing'],
  ['create --scope read', 'FIELD_MISSING: --name is missing'],
  ['create --scope admin --name ci', 'FIELD_INVALID: "admin" is none of read, submit, operate'],
  ['create --scope read --name CI', 'FIELD_INVALID: name must not be "CI"'],
  ['create --scope read --name ci --ttl soon', 'FIELD_INVALID: "soon" is not a duration'],
  ['revoke', 'FIELD_MISSING: <id> is missing'],
  ['revoke nothing1', 'NOT_FOUND: there is no token nothing1'],
  ['revok nothing1', 'COMMAND_UNKNOWN: there is no command "router token revok"']
])('router token %s → %s', async (line, complaint) => {
  const { env, services } = await startWithHome()
  const { code, stderr } = await run(env, line)
  expect(code).not.toBe(0)
  expect(stderr).toContain(complaint)
  expect(services.tokens.list()).toEqual([])
})
