/** The command line itself: what is understood, what is refused and with which words. */
import { join } from 'node:path'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { describe, expect, onTestFinished, test } from 'vitest'
import { COMMANDS } from '../../../src/cli/commands.ts'
import { errorLine } from '../../../src/cli/errors.ts'
import { EXIT_TABLE, exitCodeOf } from '../../../src/cli/exit-codes.ts'
import { runInProcess } from '../../support/fake-terminal.ts'

const error = (code: string): { code: string; message: string } => ({ code, message: '' })

test('a switch that the environment turns on is turned off with =false', async () => {
  const home = mkdtempSync(join(tmpdir(), 'taskmesh-switch-'))
  onTestFinished(() => rmSync(home, { recursive: true }))
  const words = ['bootstrap', '--open=false', '--listen', '/ip4/0.0.0.0/tcp/0']
  const env = { TASKMESH_HOME: home, TASKMESH_OPEN: 'true' }
  const { stderr } = await runInProcess(words, { env })
  expect(stderr).toContain('would let anyone in')
})

describe('refusals name the nearest right word', () => {
  test.each([
    ['jbo list', 'error COMMAND_UNKNOWN: there is no command "jbo"; did you mean taskmesh job?'],
    [
      'job rnu',
      'error COMMAND_UNKNOWN: there is no command "job rnu"; did you mean taskmesh job run?'
    ],
    [
      'worker --slotz 2',
      'error FIELD_UNKNOWN: --slotz is not a flag of taskmesh worker; did you mean --slots?'
    ],
    [
      'worker start --slotz 2',
      'error FIELD_UNKNOWN: --slotz is not a flag of taskmesh worker; did you mean --slots?'
    ],
    [
      'node list extra',
      'error FIELD_UNKNOWN: taskmesh node list takes no "extra"; see taskmesh node list --help'
    ],
    ['job run', 'error FIELD_MISSING: <file> is missing; see taskmesh job run --help'],
    ['run javascript', 'error FIELD_MISSING: <task> is missing; see taskmesh run --help'],
    ['job', 'error FIELD_MISSING: a command is missing; see taskmesh job --help'],
    [
      'job list --label',
      'error FIELD_MISSING: --label needs a value; see taskmesh job list --help'
    ],
    [
      'job list --state done',
      'error FIELD_INVALID: "done" is none of pending, queued, running, completed, failed, stopped, held (--state)'
    ],
    ['job list --limit many', 'error FIELD_INVALID: "many" is not a number (--limit)'],
    [
      'worker --slots 0',
      'error FIELD_INVALID: slots must be >= 1 (--slots); Tasks at once; by default the number of CPU cores.'
    ]
  ])('taskmesh %s', async (line, expected) => {
    const { code, stderr, stdout } = await runInProcess(line.split(' '))
    expect(stderr).toBe(`${expected}\n`)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  })

  test('with --json as one object', async () => {
    const { stderr } = await runInProcess(['job', 'list', '--json', '--limt', '3'])
    expect(JSON.parse(stderr)).toEqual({
      code: 'FIELD_UNKNOWN',
      message: '--limt is not a flag of taskmesh job list',
      path: null,
      hint: 'did you mean --limit?'
    })
  })

  test('job plan tells an error from a plan', async () => {
    expect((await runInProcess(['job', 'plan', '/no/such/file'])).code).toBe(255)
  })

  test('an error is one line, with what its message has below the first in a block', () => {
    expect(errorLine({ code: 'X', message: 'a', path: 'p', hint: 'c\n  d' })).toBe(
      'error X: a (p); c d'
    )
    const message = 'it ended with exit code 3:\nsort: no such file\n\n  \u001b[2Jat line 7\n'
    expect(errorLine({ code: 'X', message, hint: 'mend it' })).toBe(
      'error X: it ended with exit code 3; mend it\n  | sort: no such file\n  |   ·[2Jat line 7'
    )
    const long = Array.from({ length: 50 }, (_, line) => `line ${line}`).join('\n')
    expect(errorLine({ code: 'X', message: `it broke\n${long}` }).split('\n')).toHaveLength(21)
    expect(errorLine({ code: 'X', message: 'task.x is wrong', path: 'task.x' })).toBe(
      'error X: task.x is wrong'
    )
  })

  test('an error has the program’s own code beside ours, unless its message says it', () => {
    const declined = { code: 'TASK_FAILED', message: 'no money', task_code: 'PAYMENT_DECLINED' }
    expect(errorLine(declined)).toBe('error TASK_FAILED PAYMENT_DECLINED: no money')
    expect(errorLine({ code: 'X', message: 'ended with exit code 3', task_code: '3' })).toBe(
      'error X: ended with exit code 3'
    )
  })

  test.each([
    [['--json', 'job', 'validate', 'examples/pipeline.json']],
    [['-o', 'json', 'job', 'validate', 'examples/pipeline.json']],
    [['job', '--json', 'validate', 'examples/pipeline.json']],
    [['--quiet', '--output=json', 'job', 'validate', 'examples/pipeline.json']]
  ])('what every command takes may stand before it: %j', async (words) => {
    const { code, stdout } = await runInProcess(words)
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ valid: true })
  })

  const examples = readdirSync('examples', { recursive: true, encoding: 'utf8' })
  test.each(examples.filter((file) => file.endsWith('.json') && !file.endsWith('.recipe.json')))(
    'examples/%s is a valid job',
    async (file) => {
      const words = ['job', 'validate', join('examples', file)]
      expect(await runInProcess(words)).toMatchObject({ code: 0, stderr: '' })
    }
  )

  test('a flag before the command that not every one takes is named', async () => {
    const { code, stderr } = await runInProcess(['--jsn', 'version'])
    expect(code).toBe(1)
    expect(stderr).toBe(
      'error FIELD_UNKNOWN: --jsn is not a flag of taskmesh; did you mean --json?\n'
    )
  })
})

describe('help', () => {
  test('is what taskmesh alone shows', async () => {
    const alone = await runInProcess([])
    expect(alone).toEqual(await runInProcess(['--help']))
    expect(alone.code).toBe(0)
  })

  test('of the whole lists the commands and every exit code', async () => {
    const { code, stdout } = await runInProcess(['--help'])
    expect(code).toBe(0)
    for (const [exitCode, meaning] of EXIT_TABLE) {
      expect(stdout).toContain(`${String(exitCode).padStart(3)}  ${meaning}`)
    }
    for (const command of COMMANDS) expect(stdout).toContain(command.words.split(' ')[0])
  })

  test.each(COMMANDS.map(({ words }) => words))('of %s says what it does', async (words) => {
    const { code, stdout } = await runInProcess([...words.split(' '), '--help'])
    const command = COMMANDS.find((candidate) => candidate.words === words)
    expect(code).toBe(0)
    expect(stdout).toContain(command?.summary)
    for (const name of Object.keys(command?.flags ?? {})) expect(stdout).toContain(`--${name}`)
  })

  test('can be asked for with a word', async () => {
    const [word, flag] = await Promise.all([
      runInProcess(['help', 'job', 'run']),
      runInProcess(['job', 'run', '--help'])
    ])
    expect(word).toEqual(flag)
  })

  test('the version is a command and a flag', async () => {
    expect((await runInProcess(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
    expect((await runInProcess(['version', '--json'])).stdout).toContain('"taskmesh"')
  })
})

describe('exit codes', () => {
  test.each([
    [{ state: 'completed' as const }, 0],
    [{ state: 'failed' as const, error: error('TASK_FAILED') }, 3],
    [{ state: 'failed' as const, error: error('QUEUE_TIMED_OUT') }, 2],
    [{ state: 'failed' as const, error: error('TASK_TIMED_OUT') }, 124],
    [{ state: 'failed' as const, error: error('TOTAL_TIMED_OUT') }, 124],
    [{ state: 'failed' as const }, 3],
    [{ state: 'held' as const }, 4],
    [{ state: 'stopped' as const }, 5],
    [{ state: 'running' as const }, 130]
  ])('%j is %i', (job, code) => {
    expect(exitCodeOf(job)).toBe(code)
  })
})
