import { describe, expect, it } from 'vitest'
import { runWords } from '../../../../src/executors/container/container-arguments.ts'
import type { ContainerPlan } from '../../../../src/executors/container/container-arguments.ts'

const IMAGE = `sha256:${'a'.repeat(64)}`

function wordsOf(more: Partial<ContainerPlan> = {}, isPodman = true): string[] {
  const plan: ContainerPlan = {
    name: 'taskmesh-1',
    image: IMAGE,
    argv: ['/bin/sh', '-c', 'true'],
    uid: 65_534,
    isOwnUser: false,
    folder: '/node/containers/1/work',
    inputs: [],
    envFile: '/node/containers/1/env',
    hostsFile: '/node/containers/1/hosts',
    memoryBytesMax: 64 * 2 ** 20,
    timeoutMs: 1_500,
    cpuCores: 1,
    diskBytesMax: 2 ** 30,
    hasNetwork: false,
    gpus: [],
    parentGroup: undefined,
    streamLog: undefined,
    ...more
  }
  return runWords(plan, isPodman)
}

describe('words that run a container', () => {
  it.each([true, false])('refuse all that can be refused, podman: %s', (isPodman) => {
    expect(wordsOf({}, isPodman)).toEqual(
      expect.arrayContaining([
        '--pull=never',
        '--network=none',
        '--read-only',
        '--cap-drop=all',
        '--security-opt=no-new-privileges',
        '--user=65534:65534',
        '--pids-limit=256',
        '--memory=67108864b',
        '--memory-swap=67108864b',
        '--cpus=1',
        '--shm-size=16m',
        '--ulimit=fsize=1073741824:1073741824',
        '--ulimit=nofile=1024:1024',
        '--no-healthcheck'
      ])
    )
  })

  it('keep what podman would add by itself', () => {
    expect(wordsOf()).toEqual(
      expect.arrayContaining([
        '--read-only-tmpfs=false',
        '--image-volume=ignore',
        '--http-proxy=false',
        '--no-hosts',
        '--cgroups=no-conmon',
        '--timeout=62'
      ])
    )
    expect(wordsOf({}, false).filter((word) => word.startsWith('--timeout'))).toEqual([])
  })

  it('put the program behind the image, and its name before', () => {
    const words = wordsOf()
    expect(words.slice(words.indexOf('--entrypoint=/bin/sh'))).toEqual([
      '--entrypoint=/bin/sh',
      IMAGE,
      '-c',
      'true'
    ])
    expect(wordsOf({ argv: undefined }).at(-1)).toBe(IMAGE)
  })

  it('leave the network to the runtime where the task gets one', () => {
    const words = wordsOf({ hasNetwork: true })
    expect(words.filter((word) => word.startsWith('--network'))).toEqual([])
  })

  it('keep the user of a worker that is not root', () => {
    expect(wordsOf({ isOwnUser: true })).toContain('--userns=keep-id')
    expect(wordsOf({ isOwnUser: false })).not.toContain('--userns=keep-id')
  })

  it('never ask for less than a runtime takes', () => {
    const words = wordsOf({ memoryBytesMax: 1, cpuCores: 0.001 })
    expect(words).toContain('--memory=8388608b')
    expect(words).toContain('--cpus=0.01')
  })

  it('say nothing of the CPU where the runtime can not hold it', () => {
    const words = wordsOf({ cpuCores: undefined })
    expect(words.filter((word) => word.startsWith('--cpus'))).toEqual([])
  })

  it('give podman the GPUs by their names, numbered anew inside', () => {
    const words = wordsOf({ gpus: [2, 5] })
    expect(words).toEqual(
      expect.arrayContaining([
        '--device=nvidia.com/gpu=2',
        '--device=nvidia.com/gpu=5',
        '--env=NVIDIA_VISIBLE_DEVICES=2,5',
        '--env=CUDA_VISIBLE_DEVICES=0,1'
      ])
    )
  })

  it('give docker the GPUs as one list', () => {
    const words = wordsOf({ gpus: [2, 5] }, false)
    expect(words).toContain('--gpus="device=2,5"')
    expect(words).toContain('--env=NVIDIA_VISIBLE_DEVICES=2,5')
  })

  it.each([true, false])('hide all GPUs from a task that has none, podman: %s', (isPodman) => {
    const words = wordsOf({}, isPodman)
    expect(words).toContain('--env=NVIDIA_VISIBLE_DEVICES=void')
    expect(words.filter((word) => /^--(gpus|device)/.test(word))).toEqual([])
  })
})
