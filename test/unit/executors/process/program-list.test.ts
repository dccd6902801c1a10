import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { ProgramList } from '../../../../src/executors/process/program-list.ts'
import { chooseJobUser } from '../../../../src/executors/process/job-user.ts'

const folder = mkdtempSync(join(tmpdir(), 'taskmesh-programs-'))
afterAll(() => rmSync(folder, { recursive: true }))

function program(name: string): string {
  const path = join(folder, name)
  writeFileSync(path, '#!/bin/sh\n')
  chmodSync(path, 0o755)
  return path
}

describe('the owner’s programs', () => {
  it('are found by the path that the owner wrote, and by their bare name', () => {
    const tool = program('tool')
    const list = new ProgramList({ programs: [tool] })
    expect(list.find(tool)).toBe(tool)
    expect(list.find('tool')).toBe(tool)
    expect(() => list.find('other')).toThrow('does not allow "other"')
  })
  it('are refused before a task begins, but not what is no program’s name at all', () => {
    const list = new ProgramList({ programs: [program('known')] })
    expect(list.refusalOf('known')).toBeUndefined()
    expect(list.refusalOf('other')).toMatchObject({ code: 'OWNER_REFUSED', blame: 'owner' })
    expect(list.refusalOf('../other')).toBeUndefined()
  })
  it('are told to routers, if they are not too many', () => {
    const paths = Array.from({ length: 257 }, (_, index) => program(`p${index}`))
    expect(new ProgramList({ programs: paths.slice(1) }).names()).toEqual(paths.slice(1))
    expect(new ProgramList({ programs: paths }).names()).toEqual(['*'])
    expect(new ProgramList({ programs: [], isAnyAllowed: true }).names()).toEqual(['*'])
  })
  it('are no longer allowed once their link leads elsewhere', () => {
    const link = join(folder, 'link')
    symlinkSync(program('first'), link)
    const list = new ProgramList({ programs: [link] })
    expect(list.find('link')).toBe(link)
    rmSync(link)
    symlinkSync(program('second'), link)
    expect(() => list.find('link')).toThrow('does not allow')
  })
  it.each([
    ['is not there', join(folder, 'absent')],
    ['is a folder', folder],
    ['is a relative path', 'tool'],
    ['cannot be run', '/etc/passwd']
  ])('keep the engine from starting when one %s', (_, path) => {
    expect(() => new ProgramList({ programs: [path] })).toThrow("can't be offered")
  })
  it('are none unless the owner says so', () => {
    expect(() => new ProgramList({ programs: [] })).toThrow('no program is allowed')
    const any = new ProgramList({ programs: [], isAnyAllowed: true })
    expect(any.find('sh')).toMatch(/\/sh$/)
    expect(() => any.find('no-such-program')).toThrow('does not allow')
  })
})

describe('the user of tasks', () => {
  it.each([
    ['root, who names nobody', undefined, 0, 65_534],
    ['root, who names somebody', 64_001, 0, 64_001],
    ['another user', undefined, 1_000, 1_000],
    ['another user, who names itself', 1_000, 1_000, 1_000]
  ])('of %s', (_, wanted, own, user) => {
    expect(chooseJobUser(wanted, own)).toBe(user)
  })
  it.each([
    ['root itself', 0, 0],
    ['one that only root may become', 64_001, 1_000],
    ['one of a system without users', undefined, undefined]
  ])('hostile 23: is never %s', (_, wanted, own) => {
    expect(() => chooseJobUser(wanted, own)).toThrow(/root|user/)
  })
})
