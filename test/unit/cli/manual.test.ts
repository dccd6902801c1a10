/** What is made from the table of commands: the manual page, the reference, the completion of shells; that they are whole and true. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { COMMANDS } from '../../../src/cli/commands.ts'
import { SHELLS, completionScript } from '../../../src/cli/manual/completion.ts'
import { generateDocs } from '../../../config/tools/generate-docs.ts'
import { manPage } from '../../../src/cli/manual/man-page.ts'
import { commandTree } from '../../../src/cli/manual/command-tree.ts'
import type { Shell } from '../../../src/cli/manual/completion.ts'

const ROOT = new URL('../../../', import.meta.url)

function isInstalled(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined
}

function scriptOf(shell: Shell): string {
  const folder = mkdtempSync(join(tmpdir(), 'taskmesh-completion-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, `completion.${shell}`)
  writeFileSync(file, completionScript(shell, COMMANDS))
  return file
}

test.each([...generateDocs()])('%s is what npm run generate makes of the program', (path, text) => {
  expect(readFileSync(new URL(path, ROOT), 'utf8')).toBe(text)
})

describe('the manual page', () => {
  const page = manPage(COMMANDS)

  test('tells of every command and of every flag', () => {
    for (const { flags, words } of COMMANDS) {
      expect(page).toContain(`.SS taskmesh ${words.replaceAll('-', '\\-')}`)
      for (const name of Object.keys(flags))
        expect(page).toContain(`\\-\\-${name.replaceAll('-', '\\-')}`)
    }
  })

  test.skipIf(!isInstalled('mandoc'))('has nothing that mandoc warns of', () => {
    const { stdout } = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning'], {
      input: page,
      encoding: 'utf8'
    })
    // It changes with the program, not with a day.
    expect(
      stdout.split('\n').filter((line) => line !== '' && !line.includes('missing date'))
    ).toEqual([])
  })
})

describe('completion', () => {
  test('a group names what is in it, once', () => {
    const [top] = commandTree(COMMANDS)
    expect(top?.verbs.find(([word]) => word === 'router')?.[1]).toBe(
      'start, backup, check-store, token'
    )
  })

  test.each(SHELLS.filter(isInstalled))('%s can read its script', (shell) => {
    expect(() => execFileSync(shell, ['-n', scriptOf(shell)], { stdio: 'pipe' })).not.toThrow()
  })

  const QUESTIONS: readonly (readonly [readonly string[], string])[] = [
    [['jo'], 'join job'],
    [['job', 'li'], 'list'],
    [['job', 'list', '--sta'], '--state'],
    [['job', 'list', '--state', 'q'], 'queued'],
    [['job', 'list', '--state', '=', 'f'], 'failed'],
    [['router', '--ht'], '--http --https-inputs'],
    [['router', 'token', ''], 'create list revoke'],
    [['run', 'javascript', ''], '']
  ]

  test.skipIf(!isInstalled('bash')).each(QUESTIONS)('bash answers %j with %j', (words, answer) => {
    const ask =
      'source "$1"; shift; COMP_WORDS=(taskmesh "$@"); COMP_CWORD=$#; _taskmesh; echo "${COMPREPLY[*]}"'
    const said = execFileSync('bash', ['-c', ask, 'bash', scriptOf('bash'), ...words], {
      encoding: 'utf8'
    })
    expect(said.trim()).toBe(answer)
  })

  test.skipIf(!isInstalled('fish'))('fish answers with what things mean', () => {
    const ask = `source ${scriptOf('fish')}; complete -C 'taskmesh router token c'`
    expect(execFileSync('fish', ['--no-config', '-c', ask], { encoding: 'utf8' })).toMatch(
      /^create\tmake a token/
    )
  })
})
