/**
 * The recipes that a router has: of each author the newest revision of each name. Room is bounded, per author and in
 * all; what was handed in here goes before what other routers brought.
 */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { openRecipe } from './sealed-recipe.ts'
import { asRecord } from '../core/json.ts'
import type { Logger } from '../observe/logger.ts'
import type { RecipeStore, KeptRecipe } from './recipe-store.ts'
import type { RecipeView } from '../model/generated/api-recipe.ts'
import type { SignedRecipe } from './sealed-recipe.ts'
import type { Startable } from '../core/startable.ts'

export interface RecipeBookComponents {
  store: RecipeStore
  logger: Logger
}

export interface RecipeBookInit {
  namespace: string
  /** @default LIMITS.recipesMax */
  recipesMax?: number
  /** @default LIMITS.recipesPerAuthorMax */
  perAuthorMax?: number
}

interface Entry extends KeptRecipe {
  recipe: SignedRecipe
  /** Grows with each that is taken: what others have not seen yet. */
  place: number
}

/** What is asked for from a place on. */
export interface RecipeNews {
  envelopes: string[]
  next: number
  hasMore: boolean
}

export class RecipeBook implements Startable {
  readonly #components: RecipeBookComponents
  readonly #init: Required<RecipeBookInit>
  /** By `name@author`, in the order in which they were taken. */
  readonly #entries = new Map<string, Entry>()
  /** One after the other, so that what is decided still holds when it is written. */
  #turn: Promise<unknown> = Promise.resolve()
  #place = 0

  constructor(components: RecipeBookComponents, init: RecipeBookInit) {
    const { recipesMax, recipesPerAuthorMax: perAuthorMax } = LIMITS
    this.#components = components
    this.#init = { recipesMax, perAuthorMax, ...init }
  }

  async start(): Promise<void> {
    for (const kept of await this.#components.store.read()) await this.#load(asRecord(kept))
  }

  async stop(): Promise<void> {
    await this.#turn
  }

  /**
   * Takes what its author has signed.
   * @param isLearned another router has brought it
   * @returns whether it is newer than what was here
   * @throws MeshError RECEIPT_INVALID and its kin, KEY_CONFLICT where another of that revision is here, STORE_FULL, STORE_FAILED
   */
  async take(envelope: string, { isLearned = false } = {}): Promise<boolean> {
    const recipe = await openRecipe(envelope)
    if (recipe.namespace !== this.#init.namespace) {
      throw new MeshError('FIELD_INVALID', `this recipe is meant for ${recipe.namespace}`, {
        path: 'namespace',
        hint: `this router belongs to ${this.#init.namespace}`
      })
    }
    return await this.#inTurn(() => this.#keep(recipe, { envelope, isLearned, isRefused: false }))
  }

  /** As `take`, of one that is handed in here. @returns what it is now; undefined where it is taken back */
  async publish(envelope: string): Promise<RecipeView | undefined> {
    await this.take(envelope)
    const { author, name, removed } = await openRecipe(envelope)
    return removed === true ? undefined : this.describe(`${name}@${author}`)
  }

  /** All that are shown, by name, then author. */
  list(): RecipeView[] {
    const shown = this.#shown()
    const counts = new Map<string, number>()
    for (const { recipe } of shown) counts.set(recipe.name, (counts.get(recipe.name) ?? 0) + 1)
    return shown
      .map((entry) => viewOf(entry, (counts.get(entry.recipe.name) ?? 0) > 1))
      .map(({ envelope: _envelope, job: _job, ...row }) => row)
  }

  /** @param name or `name@author`, where any end of the author's peer id will do. @throws MeshError RECIPE_NOT_FOUND, ID_AMBIGUOUS */
  describe(name: string): RecipeView {
    const entry = this.#find(name)
    const namesakes = this.#shown().filter(({ recipe }) => recipe.name === entry.recipe.name)
    return viewOf(entry, namesakes.length > 1)
  }

  /** Does not show it any more, nor take it again in this revision or an earlier one. @throws MeshError RECIPE_NOT_FOUND, ID_AMBIGUOUS */
  async refuse(name: string): Promise<void> {
    await this.#inTurn(async () => {
      const entry = this.#find(name)
      await this.#write({ ...entry, isRefused: true })
    })
  }

  /** What came after a place, as much of it as fits. */
  since(place: number, bytesMax: number): RecipeNews {
    const later = [...this.#entries.values()]
      .filter((entry) => entry.place > place && !entry.isRefused)
      .toSorted((left, right) => left.place - right.place)
    const envelopes: string[] = []
    let bytes = 0
    let next = place
    for (const entry of later) {
      bytes += entry.envelope.length
      if (envelopes.length > 0 && bytes > bytesMax) return { envelopes, next, hasMore: true }
      envelopes.push(entry.envelope)
      next = entry.place
    }
    return { envelopes, next: this.#place, hasMore: false }
  }

  async #load(kept: Record<string, unknown>): Promise<void> {
    const { envelope, isLearned, isRefused } = kept
    try {
      const recipe = await openRecipe(String(envelope))
      if (recipe.namespace !== this.#init.namespace) return
      const how = { isLearned: isLearned === true, isRefused: isRefused === true }
      this.#set({ recipe, envelope: String(envelope), ...how, place: 0 })
    } catch (cause) {
      const { code, message } = MeshError.from(cause)
      this.#components.logger.warn({ code, message }, 'a recipe on disk is not believed')
    }
  }

  async #keep(recipe: SignedRecipe, kept: KeptRecipe): Promise<boolean> {
    const known = this.#entries.get(keyOf(recipe))
    if (known !== undefined && recipe.revision <= known.recipe.revision) {
      const isSame = known.envelope === kept.envelope
      if (isSame || kept.isLearned) return false
      throw new MeshError('KEY_CONFLICT', `revision ${known.recipe.revision} is here already`, {
        path: 'revision',
        hint: 'publish it with a higher one'
      })
    }
    if (known === undefined) {
      await this.#makeRoomOfAuthor(recipe)
      await this.#makeRoom(kept.isLearned)
    }
    // Who has handed it in here once is no stranger afterwards.
    const isLearned = kept.isLearned && (known?.isLearned ?? true)
    await this.#write({ recipe, ...kept, isLearned, place: 0 })
    return true
  }

  /**
   * What its author has taken back makes room, the oldest first: all routers have heard of that for the longest. Of two
   * that are taken back the newer one stays, in whatever order they come, so that routers agree on which.
   */
  async #makeRoomOfAuthor({ author, removed, revision }: SignedRecipe): Promise<void> {
    const { perAuthorMax } = this.#init
    const own = [...this.#entries.values()].filter(({ recipe }) => recipe.author === author)
    if (own.length < perAuthorMax) return
    const [oldest] = own
      // One that is refused would come again as if it had never been.
      .filter(({ isRefused, recipe }) => recipe.removed === true && !isRefused)
      .toSorted((left, right) => left.recipe.revision - right.recipe.revision)
    if (oldest === undefined || (removed === true && oldest.recipe.revision >= revision)) {
      throw full(`an author may have ${perAuthorMax} recipes here`)
    }
    await this.#forget(oldest)
  }

  async #makeRoom(isLearned: boolean): Promise<void> {
    const { recipesMax } = this.#init
    if (this.#entries.size < recipesMax) return
    // As above.
    const learned = isLearned
      ? undefined
      : [...this.#entries.values()].find((entry) => entry.isLearned && !entry.isRefused)
    if (learned === undefined) throw full(`${recipesMax} recipes are kept here`)
    await this.#forget(learned)
  }

  async #forget({ recipe }: Entry): Promise<void> {
    this.#entries.delete(keyOf(recipe))
    await this.#components.store.remove(keyOf(recipe))
  }

  async #write(entry: Entry): Promise<void> {
    const { envelope, isLearned, isRefused, recipe } = entry
    await this.#components.store.write(keyOf(recipe), { envelope, isLearned, isRefused })
    this.#set(entry)
  }

  #set(entry: Entry): void {
    this.#place += 1
    this.#entries.set(keyOf(entry.recipe), { ...entry, place: this.#place })
  }

  #shown(): Entry[] {
    return [...this.#entries.values()]
      .filter(({ isRefused, recipe }) => !isRefused && recipe.removed !== true)
      .toSorted((left, right) => (keyOf(left.recipe) < keyOf(right.recipe) ? -1 : 1))
  }

  #find(text: string): Entry {
    const [name = '', author = ''] = text.split('@', 2)
    const found = this.#shown().filter(
      ({ recipe }) =>
        recipe.name === name && (recipe.author.startsWith(author) || recipe.author.endsWith(author))
    )
    const [only] = found
    if (only === undefined) {
      throw new MeshError('RECIPE_NOT_FOUND', `there is no recipe "${text.slice(0, 128)}" here`, {
        path: 'name',
        hint: 'see `taskmesh recipe list`'
      })
    }
    if (found.length === 1) return only
    const names = found.map(({ recipe }) => `${name}@${recipe.author.slice(-6)}`)
    throw new MeshError('ID_AMBIGUOUS', `${found.length} authors have a recipe "${name}"`, {
      path: 'name',
      hint: `name one of them: ${names.slice(0, 8).join(', ')}`
    })
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work)
    this.#turn = mine.catch(() => {})
    return await mine
  }
}

/** @param isShared with another author, who has one of that name, too */
function viewOf({ envelope, recipe }: Entry, isShared: boolean): RecipeView {
  const { at_ms, author, description, job, name, parameters = {}, revision } = recipe
  return {
    name,
    author,
    revision,
    at_ms,
    is_shared: isShared,
    ...(description === undefined ? {} : { description }),
    parameters,
    ...(job === undefined ? {} : { job }),
    envelope
  }
}

/** Safe to be the name of a file: small letters and digits, and a PeerId. */
function keyOf({ author, name }: Pick<SignedRecipe, 'author' | 'name'>): string {
  return `${name}@${author}`
}

function full(message: string): MeshError {
  return new MeshError('STORE_FULL', message, { hint: 'remove some: taskmesh recipe rm NAME' })
}
