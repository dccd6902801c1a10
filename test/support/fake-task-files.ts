/** The files of tasks without a disk or a mesh: they come, fail and are taken as the test says. */
import type {
  FetchOptions,
  InputRequest,
  PublishOptions,
  ReadyInputs,
  TaskFiles
} from '../../src/execution/ports.ts'
import type { OutputFile, OutputWish } from '../../src/model/job.ts'
import type { Produced } from '../../src/executors/executor.ts'

export interface FakeFetch {
  request: InputRequest
  options: FetchOptions
  arrive: (ready?: Partial<ReadyInputs>) => void
  fail: (error: Error) => void
}

export interface FakePublish {
  wish: OutputWish
  produced: Produced
  options: PublishOptions
  finish: (file?: Partial<OutputFile>) => void
  fail: (error: Error) => void
}

export class FakeTaskFiles implements TaskFiles {
  readonly fetches: FakeFetch[] = []
  readonly publishes: FakePublish[] = []
  /** Inputs that have come and are still needed. */
  heldCount = 0

  async fetch(request: InputRequest, options: FetchOptions): Promise<ReadyInputs> {
    const { promise, reject, resolve } = Promise.withResolvers<ReadyInputs>()
    const { signal } = options
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
    const arrive: FakeFetch['arrive'] = (ready = {}) => {
      this.heldCount += 1
      const release = async (): Promise<void> => void (this.heldCount -= 1)
      resolve({ inputs: [], programPath: undefined, fetchedBytes: 0, release, ...ready })
    }
    this.fetches.push({ request, options, arrive, fail: reject })
    return await promise
  }

  async publish(
    wish: OutputWish,
    produced: Produced,
    options: PublishOptions
  ): Promise<OutputFile> {
    const { promise, reject, resolve } = Promise.withResolvers<OutputFile>()
    const { signal } = options
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
    const finish: FakePublish['finish'] = (file = {}) =>
      resolve({ name: wish.name, file: FILE, size: 1, kind: 'file', ...file })
    this.publishes.push({ wish, produced, options, finish, fail: reject })
    return await promise
  }
}

export const FILE = `sha256:${'5f'.repeat(32)}`
