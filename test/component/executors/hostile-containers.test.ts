/** Hostile tasks in containers, by podman and by docker: whatever they do, the container is gone afterwards. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import {
  RUNTIMES,
  containersOf,
  createContainerExecutor,
  firstPid,
  leaveContainer,
  prepareContainers,
  removeContainers,
  runContainer
} from '../../support/container-engine.ts'
import { MIB, resultOf, script } from '../../support/process-engine.ts'
import { descendants, signalAll } from '../../../src/executors/process/process-tree.ts'
import { figuresOfProcess } from '../../../src/executors/container/container-groups.ts'
import { readText } from '../../../src/core/cgroup-files.ts'
import { textOf } from '../../conformance/executor-recorder.ts'
import type { GroupFigures } from '../../../src/executors/container/container-groups.ts'
import type { ContainerExecutor } from '../../../src/executors/container/container-executor.ts'

const NO_IMAGE = `sha256:${'0'.repeat(64)}`

for (const runtime of RUNTIMES) {
  const ground = await prepareContainers(runtime)
  const { image, problem } = ground
  afterAll(() => ground.close())

  describe.skipIf(problem !== undefined)(`engine container by ${runtime} ${problem ?? ''}`, () => {
    const folder = join(ground.folder, 'node')
    let executor: ContainerExecutor

    beforeAll(async () => {
      executor = createContainerExecutor(ground, { folder })
      await executor.start()
    })
    afterAll(() => executor.stop())

    function expectGone(): void {
      expect(containersOf(ground, executor.mark)).toEqual([])
      expect(readdirSync(join(folder, 'containers'))).toEqual([])
    }

    it('takes input, files and environment, and returns output and files', async () => {
      const outcome = await runContainer(executor, {
        image,
        ...script('cat - in/a.txt >out/b.txt; echo "$GREETING $HOME $NODE_ENV"'),
        env: { GREETING: 'hello  "there"', NODE_ENV: 'production' },
        stdin: 'one\n',
        files: [
          { path: 'in/a.txt', text: 'two\n' },
          { path: 'out/keep', text: '' }
        ],
        outputs: ['out']
      })
      expect(resultOf(outcome)).toEqual({
        exit_code: 0,
        stdout: 'hello  "there" /work production\n',
        files: [
          { path: 'out/b.txt', bytes: 8, text: 'one\ntwo\n' },
          { path: 'out/keep', bytes: 0, text: '' }
        ]
      })
      expectGone()
    })

    it('says what it holds by force', () => {
      expect(executor.enforces).toEqual(['cpu', 'memory', 'disk', 'gpu'])
      expect(executor.allowsNetwork).toBe(false)
    })

    describe('an end by force', () => {
      it('comes when the time is up, to all processes', async () => {
        const outcome = await runContainer(
          executor,
          {
            image,
            ...script('trap "" TERM; (sleep 600 &) ; sleep 600 & while :; do :; done')
          },
          { timeoutMs: 2_000 }
        )
        expect(outcome.error?.code).toBe('TASK_TIMED_OUT')
        expectGone()
      })

      it('comes while the container is being made', async () => {
        const controller = new AbortController()
        const ended = runContainer(
          executor,
          { image, argv: ['sleep', '600'] },
          { signal: controller.signal }
        )
        setImmediate(() => controller.abort())
        expect((await ended).error?.code).toBe('TASK_STOPPED')
        expectGone()
      })

      it('comes at once to a program that would not hear of it', async () => {
        const controller = new AbortController()
        const outcome = await runContainer(
          executor,
          { image, ...script('trap "" TERM; echo up >&2; sleep 600; :') },
          { signal: controller.signal, onLog: () => controller.abort() }
        )
        expect(outcome.error?.code).toBe('TASK_STOPPED')
        expectGone()
      })

      it('comes after a word, which a program may use', async () => {
        const controller = new AbortController()
        const outcome = await runContainer(
          executor,
          {
            image,
            ...script('trap "echo bye >&2; exit 0" TERM; echo up >&2; while :; do sleep 0.1; done')
          },
          { signal: controller.signal, onLog: () => controller.abort() }
        )
        expect(outcome.error?.code).toBe('TASK_STOPPED')
        expect(textOf(outcome.log)).toContain('bye')
        expectGone()
      })

      it('comes to a program that answers the word and stays', async () => {
        const stop = new AbortController()
        const kill = new AbortController()
        const outcome = await runContainer(
          executor,
          {
            image,
            ...script('trap "echo no >&2" TERM; echo up >&2; while :; do sleep 0.1; done')
          },
          {
            signal: stop.signal,
            killSignal: kill.signal,
            onLog: ({ text }) => (text.includes('no') ? kill : stop).abort()
          }
        )
        expect(outcome.error?.code).toBe('TASK_STOPPED')
        expectGone()
      })

      it('comes when the engine stops', async () => {
        const other = createContainerExecutor(ground)
        await other.start()
        const ended = runContainer(
          other,
          { image, ...script('echo up >&2; sleep 600; :') },
          { onLog: () => void other.stop() }
        )
        expect((await ended).error?.code).toBe('WORKER_STOPPING')
        expect(containersOf(ground, other.mark)).toEqual([])
      })

      it('comes when the command that shows its output was killed', async () => {
        const outcome = await runContainer(
          executor,
          { image, ...script('echo up >&2; sleep 600; :') },
          { onLog: () => signalAll(commandPids(executor.mark), 'SIGKILL') }
        )
        expect(outcome.error).toMatchObject({ code: 'SANDBOX_CRASHED', blame: 'worker' })
        expectGone()
      })

      it('comes at the next start to what an earlier run left, and to nothing of others', async () => {
        const next = createContainerExecutor(ground)
        const others = `x${next.mark}other`
        leaveContainer(ground, `${next.mark}left`)
        leaveContainer(ground, others)
        let started: Promise<void> | undefined
        const running = await runContainer(
          executor,
          { image, ...script('echo up >&2; sleep 3; echo done') },
          {
            onLog: () => {
              started ??= next.start()
            }
          }
        )
        await started
        expect(resultOf(running).stdout).toBe('done\n')
        expect(containersOf(ground, next.mark)).toEqual([])
        expect(containersOf(ground, others)).toEqual([others])
        removeContainers(ground, others)
        await next.stop()
      })
    })

    describe('a limit', () => {
      it('is held of memory', async () => {
        const outcome = await runContainer(
          executor,
          { image, ...script('x=$(head -c 200000000 /dev/zero | tr "\\0" x)', 'echo ${#x}') },
          { memoryBytesMax: 32 * MIB }
        )
        expect(outcome.error?.code).toBe('TASK_OUT_OF_MEMORY')
        expectGone()
      })

      it('is held of processes', async () => {
        const outcome = await runContainer(
          executor,
          {
            image,
            ...script('i=0; while [ $i -lt 300 ]; do sleep 60 & i=$((i+1)); done; echo all')
          },
          { memoryBytesMax: 512 * MIB }
        )
        expect(outcome.error?.code).toBe('TASK_FAILED')
        expect(textOf(outcome.log)).toContain("can't fork")
        expectGone()
      })

      it('is held of what is shared in memory, and of /tmp', async () => {
        const outcome = await runContainer(
          executor,
          {
            image,
            ...script(
              'for folder in /dev/shm /tmp; do',
              'head -c 80000000 /dev/zero >$folder/a 2>/dev/null; wc -c <$folder/a',
              'done'
            )
          },
          { memoryBytesMax: 128 * MIB }
        )
        expect(resultOf(outcome).stdout).toBe(`${16 * MIB}\n${64 * MIB}\n`)
        expectGone()
      })

      it.each([
        ['one file', 'head -c 20000000 /dev/zero >a'],
        ['many files', 'i=0; while :; do i=$((i+1)); head -c 100000 /dev/zero >$i; done'],
        ['empty files', 'i=0; while :; do i=$((i+1)); : >$i; done'],
        ['a file without a name', 'exec 3>a 4>b; rm a b; yes >&3 & yes >&4 & sleep 600; :'],
        ['a success', 'head -c 5000000 /dev/zero >a; head -c 5000000 /dev/zero >b']
      ])('is held of the disk, by %s', async (_name, line) => {
        const outcome = await runContainer(
          executor,
          { image, ...script(line) },
          { diskBytesMax: 8 * MIB }
        )
        expect(outcome.error).toMatchObject({ code: 'TASK_OUT_OF_DISK', blame: 'job' })
        expect(outcome.error?.message).toContain('more than its 8MiB of disk')
        expectGone()
      })

      it('is held of the disk where nobody can look', async () => {
        const name = 'd'.repeat(200)
        const outcome = await runContainer(executor, {
          image,
          ...script(
            `i=0; while [ $i -lt 30 ]; do mkdir ${name}; cd ${name}; i=$((i+1)); done; sleep 600; :`
          )
        })
        expect(outcome.error?.code).toBe('TASK_OUT_OF_DISK')
        expectGone()
      })

      it('is held of the output', async () => {
        const outcome = await runContainer(executor, { image, argv: ['yes'] })
        expect(outcome.error?.code).toBe('TASK_OUTPUT_TOO_LARGE')
        expectGone()
      })
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

    it('learns nothing of the machine, and can grant itself no GPU', async () => {
      const { HTTP_PROXY } = process.env
      process.env['HTTP_PROXY'] = 'http://user:secret@proxy'
      const outcome = await runContainer(executor, {
        image,
        ...script('echo "$HTTP_PROXY$http_proxy"; echo "$NVIDIA_VISIBLE_DEVICES"; cat /etc/hosts'),
        env: { NVIDIA_VISIBLE_DEVICES: 'all' }
      })
      if (HTTP_PROXY === undefined) delete process.env['HTTP_PROXY']
      else process.env['HTTP_PROXY'] = HTTP_PROXY
      const [proxy, gpus, ...hosts] = (resultOf(outcome).stdout ?? '').trimEnd().split('\n')
      expect([proxy, gpus]).toEqual(['', 'void'])
      // What docker writes there is the same everywhere.
      expect(hosts.join('\n')).not.toMatch(/^(?!127\.|::1|f[ef]0)/m)
      expectGone()
    })

    it('gives the network where the owner allows it and the runtime has one', async ({ skip }) => {
      const open = createContainerExecutor(ground, { hasNetwork: true })
      await open.start()
      onTestFinished(() => open.stop())
      if (!open.allowsNetwork) return skip(`${runtime} has no network here`)
      const task = { image, ...script('wc -l </proc/net/dev') }
      const asking = await runContainer(open, task, { network: true })
      expect(Number(resultOf(asking).stdout)).toBeGreaterThan(3)
      expect(resultOf(await runContainer(open, task)).stdout).toBe('3\n')
    })

    it('refuses the network where the owner does not allow it', async () => {
      const outcome = await runContainer(executor, { image, argv: ['id'] }, { network: true })
      expect(outcome.error).toMatchObject({ code: 'OWNER_REFUSED', path: 'network.mode' })
    })

    it('returns no file that a link leads to', async () => {
      const outcome = await runContainer(executor, {
        image,
        ...script('ln -s /etc/shadow stolen; ln -s ../env env; ln -s / root'),
        files: [{ path: 'out/keep', text: '' }],
        outputs: ['stolen', 'env', 'root/etc/shadow']
      })
      expect(resultOf(outcome).files).toEqual([])
      expectGone()
    })

    it('takes no harm from input that nobody reads', async () => {
      const stdin = 'x'.repeat(4 * MIB)
      const outcome = await runContainer(executor, { image, argv: ['echo', 'done'], stdin })
      expect(resultOf(outcome).stdout).toBe('done\n')
    })

    it('keeps two at once apart', async () => {
      const outcomes = await Promise.all(
        ['one', 'two'].map((stdin) =>
          runContainer(executor, {
            image,
            ...script('cat >a; sleep 1; cat a'),
            stdin
          })
        )
      )
      expect(outcomes.map((outcome) => resultOf(outcome).stdout)).toEqual(['one', 'two'])
      expectGone()
    })

    it('tells the exit codes of a program from those of the runtime', async () => {
      for (const code of [1, 125, 126, 127, 137]) {
        const { error } = await runContainer(executor, { image, ...script(`exit ${code}`) })
        expect(error?.code).toBe('TASK_FAILED')
        expect(error?.message).toContain(`exit code ${code}`)
      }
      const missing = await runContainer(executor, { image, argv: ['/bin/none'] })
      expect(missing.error).toMatchObject({ code: 'TASK_FAILED', path: 'task.argv', blame: 'job' })
      expect(missing.error?.message).toContain('the image has no program /bin/none')
      const closed = await runContainer(executor, { image, argv: ['/etc'] })
      expect(closed.error?.message).toContain("the image can't start /etc")
      expectGone()
    })

    it('has nothing to run where neither task nor image names a program', async () => {
      const { error } = await runContainer(executor, { image })
      expect(error).toMatchObject({ code: 'FIELD_INVALID', path: 'task.argv', blame: 'job' })
      expect(error?.message).toBe('the image has no program of its own')
      expectGone()
    })

    it('shows what a program had written before it failed', async () => {
      const { error, log } = await runContainer(executor, {
        image,
        ...script('echo one; echo two; echo bad >&2; exit 1')
      })
      expect(error?.message).toBe('the program ended with exit code 1:\nbad')
      expect(log.map(({ stream, text }) => [stream, text])).toEqual([
        ['err', 'bad\n'],
        ['out', 'one\ntwo\n']
      ])
    })

    it('says what even a short one used', async ({ skip }) => {
      if (process.getuid?.() !== 0) return skip('only root can keep a group of its own')
      const { usage } = await runContainer(executor, { image, argv: ['id'] })
      expect(usage.cpuMs).toBeGreaterThan(0)
      expect(usage.peakMemoryBytes).toBeGreaterThan(0)
      const busy = script('i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done')
      const more = await runContainer(executor, { image, ...busy })
      expect(more.usage.cpuMs).toBeGreaterThan(usage.cpuMs ?? 0)
    })

    it('can be seen to use something while it runs', async () => {
      const controller = new AbortController()
      let seen: GroupFigures | undefined
      await runContainer(
        executor,
        { image, ...script('echo up >&2; sleep 600; :') },
        {
          signal: controller.signal,
          onLog: () => {
            const [name = ''] = containersOf(ground, executor.mark)
            seen = figuresOfProcess(firstPid(ground, name))
            controller.abort()
          }
        }
      )
      expect(seen?.cpuMs).toBeGreaterThan(0)
      expect(seen?.peakMemoryBytes).toBeGreaterThan(0)
    })

    it('refuses an image that the owner does not allow, and a variable that can be two', async () => {
      const refused = await runContainer(executor, { image: NO_IMAGE })
      expect(refused.error?.code).toBe('OWNER_REFUSED')
      const broken = await runContainer(executor, { image, env: { A: 'b\nUID=0' } })
      expect(broken.error?.code).toBe('FIELD_INVALID')
    })

    it('offers the images that are there, and says which is not', async () => {
      const lines: string[] = []
      const logger = pino({ level: 'warn' }, { write: (line) => void lines.push(line) })
      const some = createContainerExecutor(ground, { images: [NO_IMAGE, image] }, logger)
      await some.start()
      expect(lines.join('')).toContain(NO_IMAGE)
      const absent = await runContainer(some, { image: NO_IMAGE })
      expect(absent.error?.code).toBe('ENGINE_UNAVAILABLE')
      expect((await runContainer(some, { image, argv: ['id'] })).error).toBeUndefined()
      await some.stop()
    })

    it('is not offered without an image, its program or a word of the owner', async () => {
      const missing = createContainerExecutor(ground, { images: [NO_IMAGE] })
      await expect(missing.start()).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' })
      const absent = createContainerExecutor(ground, { cli: ['no-such-program'] })
      await expect(absent.start()).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' })
      const silent = createContainerExecutor(ground, { images: [] })
      await expect(silent.start()).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' })
    })
  })
}

/** Of the commands that run such containers. */
function commandPids(mark: string): number[] {
  return descendants(process.pid).filter((pid) => {
    const words = (readText(`/proc/${pid}/cmdline`) ?? '').split('\0')
    return words.includes('run') && words.some((word) => word.startsWith(`--name=${mark}`))
  })
}
