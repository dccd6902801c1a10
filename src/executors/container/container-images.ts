/**
 * The owner's images, and which of them can be used here. A name says who made an image, a digest says
 * what it is: that alone counts. Nothing is ever fetched for a task; what its owner fetches later is found.
 */
import { MeshError } from '../../core/errors.ts'
import { NAMES_LISTED_MAX, digestOf, isSameImage } from '../../model/task-names.ts'
import { sleep } from '../../core/abort.ts'
import type { Clock } from '../../core/clock.ts'
import type { ContainerCli } from './container-cli.ts'

/** Looking costs a process of the runtime, and routers hear of it at the next publication. */
const LOOK_AGAIN_MS = 60_000

export class ContainerImages {
  readonly #cli: ContainerCli
  readonly #allowed: readonly string[]
  /** What keeps an image from being used, by the image. */
  readonly #problems = new Map<string, MeshError>()

  /** @param allowed by digest or id, as the owner wrote them */
  constructor(cli: ContainerCli, allowed: readonly string[]) {
    this.#cli = cli
    this.#allowed = allowed
  }

  /** Those that can be used; none before `start`. */
  usable(): string[] {
    return this.#allowed.filter((image) => !this.#problems.has(image))
  }

  /** @returns what keeps the others from being used */
  async start(): Promise<MeshError[]> {
    for (const image of this.#allowed) await this.#look(image)
    return [...this.#problems.values()]
  }

  /** What to say of it to routers. */
  names(): string[] {
    return this.usable()
      .flatMap((image) => digestOf(image) ?? [])
      .slice(0, NAMES_LISTED_MAX)
  }

  /** Looks from time to time for those that were not there, until the signal fires. */
  async watch(clock: Clock, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.#problems.size > 0) {
      // oxlint-disable-next-line no-await-in-loop -- one look after the other
      await sleep(clock, LOOK_AGAIN_MS, { signal }).catch(() => {})
      // oxlint-disable-next-line no-await-in-loop
      if (!signal.aborted) for (const image of this.#problems.keys()) await this.#look(image)
    }
  }

  /**
   * The image that a task asks for, as the owner wrote it.
   * @throws MeshError as `refusalOf` gives
   */
  find(image: string): string {
    const refusal = this.refusalOf(image)
    if (refusal !== undefined) throw refusal
    return this.#find(image) as string
  }

  /** @returns OWNER_REFUSED or ENGINE_UNAVAILABLE, by which the task goes to a worker that has it */
  refusalOf(image: string): MeshError | undefined {
    const known = this.#find(image)
    if (known !== undefined) return this.#problems.get(known)
    return new MeshError('OWNER_REFUSED', `the owner of this worker does not allow ${image}`, {
      path: 'task.image',
      hint: `where you own one: taskmesh worker --image ${image}`
    })
  }

  #find(image: string): string | undefined {
    return this.#allowed.find((one) => isSameImage(one, image))
  }

  async #look(image: string): Promise<void> {
    const problem = await this.#problemOf(image)
    if (problem === undefined) this.#problems.delete(image)
    else this.#problems.set(image, problem)
  }

  async #problemOf(image: string): Promise<MeshError | undefined> {
    const { command, isPodman } = this.#cli
    const words = ['image', 'inspect', '--format={{json .Config.Volumes}}', image]
    const { code, stderr, stdout } = await this.#cli.call(words)
    if (code !== 0) {
      const remedy = image.includes('@') ? `${command} pull ${image}` : `${command} load or import`
      return unusable(`image ${image} is not there: ${stderr}`, `fetch it first: ${remedy}`)
    }
    // Podman is told to ignore them; docker makes each a folder on the disk that nothing bounds.
    if (isPodman || ['null', '{}'].includes(stdout.trim())) return undefined
    return unusable(`image ${image} has volumes of its own`, 'run it by podman')
  }
}

function unusable(message: string, hint: string): MeshError {
  return new MeshError('ENGINE_UNAVAILABLE', message, { path: 'task.image', hint })
}
