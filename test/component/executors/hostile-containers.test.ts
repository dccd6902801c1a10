/** Hostile tasks in containers: whatever they do, the container is gone afterwards. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  containersOf,
  createContainerExecutor,
  leaveContainer,
  prepareContainers,
  runContainer
} from '../../support/container-engine.ts'
import { MIB, resultOf, script } from '../../support/process-engine.ts'
import { descendants, signalAll } from '../../../src/executors/process/process-tree.ts'
import { readText } from '../../../src/core/cgroup-files.ts'
import { textOf } from '../../conformance/executor-recorder.ts'
import type { ContainerExecutor } from '../../../src/executors/container/container-executor.ts'

const ground = await prepareContainers()
const { image, problem } = ground

describe.skipIf(problem !== undefined)(`engine container ${problem ?? ''}`, () => {
  let executor: ContainerExecutor

  beforeAll(async () => {
    executor = createContainerExecutor(ground)
    await executor.start()
  })
  afterAll(() => executor.stop())

  function expectGone(): void {
    expect(containersOf(ground, executor.mark)).toEqual([])
  }

  it('takes input, files and environment, and returns output and files', async () => {
    const outcome = await runContainer(executor, {
      image,
      ...script('cat - in/a.txt >out/b.txt; echo "$GREETING"'),
      env: { GREETING: 'hello  "there"' },
      stdin: 'one\n',
      files: [
        { path: 'in/a.txt', text: 'two\n' },
        { path: 'out/keep', text: '' }
      ],
      outputs: ['out']
    })
    expect(resultOf(outcome)).toEqual({
      exit_code: 0,
      stdout: 'hello  "there"\n',
      files: [
        { path: 'out/b.txt', bytes: 8, text: 'one\ntwo\n' },
        { path: 'out/keep', bytes: 0, text: '' }
      ]
    })
    expectGone()
  })

  it('ends one whose time is up, with all its processes', async () => {
    const outcome = await runContainer(
      executor,
      { image, ...script('trap "" TERM; (sleep 600 &) ; sleep 600 & while :; do :; done') },
      { timeoutMs: 2_000 }
    )
    expect(outcome.error?.code).toBe('TASK_TIMED_OUT')
    expectGone()
  })

  it('ends one that is stopped while it is being made', async () => {
    const controller = new AbortController()
    const ended = runContainer(
      executor,
      { image, argv: ['sleep', '600'] },
      { signal: controller.signal }
    )
    controller.abort()
    expect((await ended).error?.code).toBe('TASK_STOPPED')
    expectGone()
  })

  it('removes what runs when the engine stops', async () => {
    const other = createContainerExecutor(ground)
    await other.start()
    const ended = runContainer(
      other,
      { image, ...script('echo up >&2; sleep 600') },
      {
        onLog: () => void other.stop()
      }
    )
    expect((await ended).error?.code).toBe('WORKER_STOPPING')
    expect(containersOf(ground, other.mark)).toEqual([])
  })

  it('removes a container whose command line was killed', async () => {
    const outcome = await runContainer(
      executor,
      { image, ...script('echo up >&2; sleep 600') },
      {
        onLog: () => signalAll(attachedPids(executor.mark), 'SIGKILL')
      }
    )
    expect(outcome.error?.code).toBe('TASK_FAILED')
    expectGone()
  })

  it('removes what an earlier run left behind', async () => {
    const next = createContainerExecutor(ground)
    leaveContainer(ground, `${next.mark}left`)
    await next.start()
    expect(containersOf(ground, next.mark)).toEqual([])
    await next.stop()
  })

  it('holds memory', async () => {
    const outcome = await runContainer(
      executor,
      { image, ...script('x=$(head -c 200000000 /dev/zero | tr "\\0" x)', 'echo ${#x}') },
      { memoryBytesMax: 32 * MIB }
    )
    expect(outcome.error?.code).toBe('TASK_OUT_OF_MEMORY')
    expectGone()
  })

  it('stops a fork bomb at its bound', async () => {
    const outcome = await runContainer(executor, {
      image,
      ...script('i=0; while [ $i -lt 200 ]; do sleep 5 & i=$((i+1)); done; echo all')
    })
    expect(outcome.error?.code).toBe('TASK_FAILED')
    expect(textOf(outcome.log)).toContain("can't fork")
    expectGone()
  })

  it('has no network, no root and nothing to write to but its own folders', async () => {
    const outcome = await runContainer(executor, {
      image,
      ...script(
        'wc -l </proc/net/dev',
        'id -u',
        'for path in / /etc /usr /run /var/tmp; do if [ -w $path ]; then echo $path; fi; done'
      )
    })
    expect(resultOf(outcome).stdout).toBe('3\n65534\n')
    expectGone()
  })

  it('returns no file that a link leads to', async () => {
    const outcome = await runContainer(executor, {
      image,
      ...script('ln -s /etc/shadow stolen; ln -s ../env env'),
      files: [{ path: 'out/keep', text: '' }],
      outputs: ['stolen', 'env']
    })
    expect(resultOf(outcome).files).toEqual([])
    expectGone()
  })

  it('refuses an image that the owner does not allow, and a variable that can be two', async () => {
    const other = `sha256:${'0'.repeat(64)}`
    const refused = await runContainer(executor, { image: other })
    expect(refused.error?.code).toBe('OWNER_REFUSED')
    const broken = await runContainer(executor, { image, env: { A: 'b\nUID=0' } })
    expect(broken.error?.code).toBe('FIELD_INVALID')
  })

  it('is not offered without its image, its program or a word of the owner', async () => {
    const missing = createContainerExecutor(ground, { images: [`sha256:${'0'.repeat(64)}`] })
    await expect(missing.start()).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' })
    const absent = createContainerExecutor(ground, { cli: ['no-such-program'] })
    await expect(absent.start()).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' })
    const silent = createContainerExecutor(ground, { images: [] })
    await expect(silent.start()).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' })
  })
})

/** Of the commands that show the output of such containers. */
function attachedPids(mark: string): number[] {
  return descendants(process.pid).filter((pid) => {
    const words = (readText(`/proc/${pid}/cmdline`) ?? '').split('\0')
    return words.includes('--attach') && words.some((word) => word.startsWith(mark))
  })
}
