/** Each engine as a bench asks for it: made for so many slots, a task that does next to nothing, one that stays. */
import { tmpdir } from 'node:os'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { BuiltinExecutor } from '../../../src/executors/builtin-executor.ts'
import { FunctionExecutor } from '../../../src/executors/function/function-executor.ts'
import { JavascriptExecutor } from '../../../src/executors/javascript/javascript-executor.ts'
import { PROBE } from '../../component/executors/run-wasm.ts'
import { ProcessExecutor } from '../../../src/executors/process/process-executor.ts'
import { WasmExecutor } from '../../../src/executors/wasm/wasm-executor.ts'
import { createContainerExecutor, prepareContainers } from '../../support/container-engine.ts'
import { systemClock } from '../../../src/core/clock.ts'
import type { ContainerGround } from '../../support/container-engine.ts'
import type { Executor } from '../../../src/executors/executor.ts'
import type { FunctionContext } from '../../../src/executors/function/definitions.ts'
import type { TaskDocument } from '../../../src/model/job.ts'

export interface EngineDesign {
  create: (slots: number) => Promise<Executor>
  tiny: TaskDocument
  /** Says something, then neither ends nor computes, where its engine can do so; else it computes. */
  staying: TaskDocument
}

export const ENGINE_DESIGNS = [
  'builtin',
  'function inline',
  'function thread',
  'javascript',
  'wasm',
  'process',
  'process unsafe',
  'container'
] as const
export type EngineDesignName = (typeof ENGINE_DESIGNS)[number]

/** Whatever the bench is asked to leave behind is below its home. */
export class EngineDesigns {
  readonly #home: string
  #ground: Promise<ContainerGround> | undefined

  constructor(home: string) {
    this.#home = home
  }

  /** Podman and an image of our own; made at the first asking, for it takes a while. */
  containers(): Promise<ContainerGround> {
    this.#ground ??= prepareContainers('podman')
    return this.#ground
  }

  async close(): Promise<void> {
    await (await this.#ground)?.close()
  }

  async get(name: EngineDesignName): Promise<EngineDesign> {
    switch (name) {
      case 'builtin':
        return {
          create: async () => new BuiltinExecutor({ clock: systemClock }),
          tiny: { engine: 'builtin', name: 'echo', args: { number: 1 } },
          staying: { engine: 'builtin', name: 'sleep', args: { ms: 600_000 } }
        }
      case 'function inline':
        return functionDesign('inline')
      case 'function thread':
        return functionDesign('thread')
      case 'javascript':
        return {
          create: async (slots) =>
            new JavascriptExecutor({ clock: systemClock }, { size: slots, warmCount: slots }),
          tiny: { engine: 'javascript', source: 'function main (number) { return { number } }' },
          staying: {
            engine: 'javascript',
            source: 'function main () { console.log("up"); for (;;); }'
          }
        }
      case 'wasm':
        return {
          create: async (slots) =>
            new WasmExecutor({ clock: systemClock }, { size: slots, warmCount: slots }),
          tiny: { engine: 'wasm', module: PROBE, args: ['number', '1'] },
          staying: { engine: 'wasm', module: PROBE, args: ['count'] }
        }
      case 'process':
        return this.#process(false)
      case 'process unsafe':
        return this.#process(true)
      case 'container':
        return await this.#container()
    }
  }

  #process(isUnsafe: boolean): EngineDesign {
    return {
      create: async () =>
        new ProcessExecutor(
          { clock: systemClock },
          {
            folder: mkdtempSync(join(this.#home, 'process-')),
            programs: [],
            isAnyAllowed: true,
            isUnsafe
          }
        ),
      tiny: { engine: 'process', argv: ['true'] },
      staying: { engine: 'process', argv: ['sh', '-c', 'echo up >&2; exec sleep 600'] }
    }
  }

  async #container(): Promise<EngineDesign> {
    const ground = await this.containers()
    if (ground.problem !== undefined) throw new Error(ground.problem)
    const { image } = ground
    return {
      create: async () => createContainerExecutor(ground),
      tiny: { engine: 'container', image, argv: ['/bin/echo'] },
      staying: { engine: 'container', image, argv: ['sh', '-c', 'echo up >&2; exec sleep 600'] }
    }
  }
}

function functionDesign(where: 'inline' | 'thread'): EngineDesign {
  const module = new URL('../../component/executors/fixtures/thread-functions.ts', import.meta.url)
  const functions =
    where === 'inline'
      ? {
          tiny: (number: unknown) => ({ number }),
          staying: (_input: unknown, { log }: FunctionContext) => {
            log('up')
            return new Promise(() => {})
          }
        }
      : { tiny: { module, export: 'number' }, staying: { module, export: 'count' } }
  return {
    create: async (slots) =>
      new FunctionExecutor(
        { clock: systemClock },
        { functions, folder: tmpdir(), concurrency: slots, memoryBytesMax: 64 * 2 ** 20 }
      ),
    tiny: { engine: 'function', name: 'tiny', input: 1 },
    staying: { engine: 'function', name: 'staying' }
  }
}
