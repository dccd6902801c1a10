/**
 * Routers of a namespace have each other's recipes: each asks those that the DHT names what is new with them. What
 * comes is believed for its author's signature, not for who brings it.
 */
import { COMMANDS } from '../protocol/commands.ts'
import { MeshError } from '../core/errors.ts'
import { RecentMap } from '../core/recent-map.ts'
import { repeat } from '../core/repeat.ts'
import type { Clock } from '../core/clock.ts'
import type { CommandHandlers } from '../protocol/command-server.ts'
import type { ListRecipesResult } from '../model/generated/commands-list-recipes.ts'
import type { Logger } from '../observe/logger.ts'
import type { Random } from '../core/random.ts'
import type { RecipeBook } from './recipe-book.ts'
import type { SessionService } from '../protocol/session-service.ts'
import type { Startable } from '../core/startable.ts'

export interface RecipeExchangeComponents {
  book: RecipeBook
  sessions: Pick<SessionService, 'open'>
  clock: Clock
  random: Random
  logger: Logger
  /** The other routers of the namespace, as far as they are found. Never rejects. */
  findRouters: (signal: AbortSignal) => Promise<string[]>
}

export interface RecipeExchangeInit {
  /** @default 20,000 */
  periodMs?: number
  /** Names this life of the router. */
  epoch: string
}

const PERIOD_MS = 20_000
const ANSWER_TIMEOUT_MS = 10_000
/** Of one answer: a few of the largest recipes. */
const ANSWER_BYTES = 1_048_576
const ROUTERS_MAX = 32
/** Of one router in one round; the next goes on. */
const PAGES_MAX = 64

export class RecipeExchange implements Startable {
  readonly #components: RecipeExchangeComponents
  readonly #init: Required<RecipeExchangeInit>
  readonly #controller = new AbortController()
  /** How far each router was read. */
  readonly #read = new RecentMap<string, { epoch: string; after: number }>(ROUTERS_MAX)
  #running: Promise<void> = Promise.resolve()

  constructor(components: RecipeExchangeComponents, init: RecipeExchangeInit) {
    this.#components = components
    this.#init = { periodMs: PERIOD_MS, ...init }
  }

  readonly handlers: CommandHandlers = {
    LIST_RECIPES: ({ after = 0, epoch }) => {
      const isMine = epoch === this.#init.epoch
      const news = this.#components.book.since(isMine ? after : 0, ANSWER_BYTES)
      const { envelopes: recipes, hasMore, next } = news
      return { result: { epoch: this.#init.epoch, next, has_more: hasMore, recipes } }
    }
  }

  async start(): Promise<void> {
    const { clock, random } = this.#components
    const { signal } = this.#controller
    const { periodMs } = this.#init
    this.#running = repeat({ clock, random, periodMs, signal }, () => this.round())
  }

  async stop(): Promise<void> {
    this.#controller.abort(new MeshError('STOPPING', 'this node is stopping'))
    await this.#running
  }

  /** Asks all that are found, once. Never rejects. */
  async round(): Promise<void> {
    const { signal } = this.#controller
    const routers = await this.#components.findRouters(signal)
    await Promise.all(routers.slice(0, ROUTERS_MAX).map((router) => this.#follow(router)))
  }

  async #follow(router: string): Promise<void> {
    const { logger } = this.#components
    try {
      for (let page = 0; page < PAGES_MAX; page += 1) {
        // oxlint-disable-next-line no-await-in-loop -- page after page
        const { epoch, has_more: hasMore, next, recipes } = await this.#ask(router)
        // oxlint-disable-next-line no-await-in-loop
        for (const envelope of recipes) await this.#take(router, envelope)
        this.#read.set(router, { epoch, after: next })
        if (!hasMore) return
      }
    } catch (cause) {
      if (this.#controller.signal.aborted) return
      const { code, message } = MeshError.from(cause)
      logger.debug({ router, code, message }, 'a router gives no recipes')
    }
  }

  async #ask(router: string): Promise<ListRecipesResult> {
    const { signal } = this.#controller
    const session = await this.#components.sessions.open(router, { signal })
    const answer = await session.request(
      { command: 'LIST_RECIPES', params: { ...this.#read.get(router) } },
      { signal, timeoutMs: ANSWER_TIMEOUT_MS }
    )
    if (answer.error !== undefined) throw answer.error
    return COMMANDS.LIST_RECIPES.checkResult(answer.result)
  }

  /** One that is not taken keeps no other away. */
  async #take(router: string, envelope: string): Promise<void> {
    const { book, logger } = this.#components
    try {
      await book.take(envelope, { isLearned: true })
    } catch (cause) {
      const { code, message } = MeshError.from(cause)
      logger.debug({ router, code, message }, 'a recipe is not taken')
    }
  }
}
