/** Makes the faults of a schedule happen, each at its time, and puts right what each did when its time is over. */
import { sleep } from '../../src/core/abort.ts'
import { systemClock } from '../../src/core/clock.ts'
import { describeFault } from './schedule.ts'
import type { CrashMesh } from './crash-mesh.ts'
import type { CrashNode } from './crash-node.ts'
import type { Fault, FaultKind, LinkFault, NodeFault } from './schedule.ts'
import type { Submitter } from './submitter.ts'

export interface FaultPlayerComponents {
  mesh: CrashMesh
  submitter: Submitter
  /** Told of each fault as it happens. */
  onFault: (text: string) => void
}

export class FaultPlayer {
  /** How often each happened. */
  readonly counts = new Map<FaultKind, number>()
  /** Faults that found their node or link in no state for them. */
  skippedCount = 0
  readonly #components: FaultPlayerComponents
  readonly #controller = new AbortController()
  /** Links that another fault has in its hands. */
  readonly #cut = new Set<string>()

  constructor(components: FaultPlayerComponents) {
    this.#components = components
  }

  /** Resolves when all have begun and all that end by themselves have ended. */
  async play(schedule: readonly Fault[]): Promise<void> {
    await Promise.all(schedule.map((fault) => this.#play(fault)))
  }

  /** Whatever is still to come doesn't, and what lasts ends now. */
  stop(): void {
    this.#controller.abort()
  }

  async #play(fault: Fault): Promise<void> {
    await this.#pause(fault.atMs)
    if (this.#controller.signal.aborted) return
    const isDone = 'node' in fault ? await this.#hurtNode(fault) : await this.#hurtLink(fault)
    if (!isDone) this.skippedCount += 1
  }

  /** @returns false if the node was not there to be hurt */
  async #hurtNode(fault: NodeFault): Promise<boolean> {
    const node = this.#components.mesh.node(fault.node)
    if (fault.kind === 'worker-frozen') return await this.#freeze(node, fault)
    if (fault.afterMs !== undefined) {
      const sending = this.#components.submitter.nextSending(node.name)
      await Promise.race([sending, this.#pause(Infinity)])
      await this.#pause(fault.afterMs)
    }
    // One that is just starting may be hurt too: taking its jobs up is no time of peace.
    if (node.state !== 'up' && node.state !== 'starting') return false
    this.#note(fault)
    const isGentle = fault.kind === 'router-terminated' || fault.kind === 'worker-terminated'
    await (isGentle ? node.terminate() : node.kill())
    if (fault.durationMs === Infinity) return true
    await this.#pause(fault.durationMs)
    if (isDown(node)) await node.start()
    return true
  }

  async #freeze(node: CrashNode, fault: NodeFault): Promise<boolean> {
    if (node.state !== 'up') return false
    this.#note(fault)
    node.freeze()
    await this.#pause(fault.durationMs)
    node.thaw()
    return true
  }

  async #hurtLink(fault: LinkFault): Promise<boolean> {
    const { mesh } = this.#components
    const name = `${fault.near} ${fault.far}`
    if (this.#cut.has(name)) return false
    this.#note(fault)
    this.#cut.add(name)
    mesh.setLink(fault.near, fault.far, fault.state)
    await this.#pause(fault.durationMs)
    mesh.setLink(fault.near, fault.far, 'open')
    this.#cut.delete(name)
    return true
  }

  #note(fault: Fault): void {
    this.counts.set(fault.kind, (this.counts.get(fault.kind) ?? 0) + 1)
    this.#components.onFault(describeFault(fault))
  }

  /** Ends with its time, or with all faults. */
  async #pause(delayMs: number): Promise<void> {
    await sleep(systemClock, delayMs, { signal: this.#controller.signal }).catch(() => undefined)
  }
}

/** Another fault may have started it in the meantime. */
function isDown(node: CrashNode): boolean {
  return node.state === 'down'
}
