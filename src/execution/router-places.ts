/**
 * Who of a worker's routers has which of its places. A router whose owner's word gives it few has a line of its
 * own before the line of all, so that what waits there stands in nobody's way; and where all is full, whoever has
 * the most gives way to a router that has less.
 */
import { MeshError } from '../core/errors.ts'
import { TaskPlaces } from './task-places.ts'
import type { Place, TaskPlacesComponents, TaskPlacesInit } from './task-places.ts'
import type { TaskRequest } from './task-request.ts'

/** What a task has of both lines. */
export interface Seat {
  router: string
  place: Place
  /** In its router's own line, where it has one. */
  own: { places: TaskPlaces; place: Place } | undefined
}

export class RouterPlaces {
  readonly #components: TaskPlacesComponents
  readonly #init: TaskPlacesInit
  /** Of all. */
  readonly #places: TaskPlaces
  /** Of routers that may have only so many tasks at once; only while they have some. */
  readonly #own = new Map<string, TaskPlaces>()
  /** Tasks that each router has here, running or in line. */
  readonly #counts = new Map<string, number>()
  #ownWaitingCount = 0

  constructor(components: TaskPlacesComponents, init: TaskPlacesInit) {
    this.#components = components
    this.#init = init
    this.#places = new TaskPlaces(components, init)
  }

  get figures(): TaskPlaces['figures'] {
    return this.#places.figures
  }

  get runningCount(): number {
    return this.#places.runningCount
  }

  /** Those that wait in their routers' own lines included. */
  get waitingCount(): number {
    return this.#places.waitingCount + this.#ownWaitingCount
  }

  get gpusTakenCount(): number {
    return this.#places.gpusTakenCount
  }

  /** As `Slots.recentCount`. */
  recentCount(): number {
    return this.#places.recentCount()
  }

  /** The line that a router has for itself; undefined while it has no task there. */
  ownOf(router: string): TaskPlaces | undefined {
    return this.#own.get(router)
  }

  /**
   * What a task is to have, and to wait for.
   * @param ownSlots tasks that its router may have at once; undefined: as many as anybody
   * @throws MeshError WORKER_BUSY where the machine has too few GPUs
   */
  claim(router: string, request: TaskRequest, ownSlots: number | undefined): Seat {
    const place = this.#places.claim(router, request)
    if (ownSlots === undefined) return { router, place, own: undefined }
    const places = this.#ownPlaces(router, ownSlots)
    // What else it needs, it waits for in the line of all.
    return {
      router,
      place,
      own: { places, place: places.claim(router, { ...request, gpuCount: 0 }) }
    }
  }

  /** As `TaskPlaces.enter`. */
  enter(seat: Seat, signal: AbortSignal): Promise<void> | undefined {
    const { own, place, router } = seat
    this.#counts.set(router, (this.#counts.get(router) ?? 0) + 1)
    const turn = own?.places.enter(own.place, signal)
    if (turn !== undefined) return this.#enterInTurn(seat, turn, signal)
    return this.#places.enter(place, signal)?.catch((cause: unknown) => {
      this.#leaveOwn(seat)
      throw cause
    })
  }

  /** As `TaskPlaces.leave`. */
  async leave(seat: Seat, lingering: Promise<void> | undefined): Promise<void> {
    await this.#places.leave(seat.place, lingering)
    this.#leaveOwn(seat)
  }

  /** As `TaskPlaces.learn`. */
  learn(request: TaskRequest, ranMs: number | undefined): void {
    this.#places.learn(request, ranMs)
  }

  /**
   * Has a task wait elsewhere so that one of this router can wait here: the last of the router that has the most,
   * if that is more than this one will have then. @returns whether there is room for it now
   */
  makeRoomFor(router: string): boolean {
    let most: string | undefined
    let mostCount = (this.#counts.get(router) ?? 0) + 1
    for (const [other, count] of this.#counts) {
      if (count <= mostCount || this.#waitingOf(other) === 0) continue
      most = other
      mostCount = count
    }
    if (most === undefined) return false
    const error = new MeshError(
      'WORKER_BUSY',
      'it made room for a router that has fewer tasks here'
    )
    const isOwn = this.#own.get(most)?.handBackLast(most, error) === true
    return isOwn || this.#places.handBackLast(most, error)
  }

  /** Sends all away that wait. */
  handBack(error: MeshError): void {
    for (const own of this.#own.values()) own.handBack(error)
    this.#places.handBack(error)
  }

  /** As `Slots.whenIdle`. */
  async whenIdle(): Promise<void> {
    await this.#places.whenIdle()
  }

  async #enterInTurn(seat: Seat, turn: Promise<void>, signal: AbortSignal): Promise<void> {
    this.#ownWaitingCount += 1
    try {
      await turn
    } catch (cause) {
      this.#countOut(seat)
      throw cause
    } finally {
      this.#ownWaitingCount -= 1
    }
    try {
      await this.#places.enter(seat.place, signal)
    } catch (cause) {
      this.#leaveOwn(seat)
      throw cause
    }
  }

  #ownPlaces(router: string, ownSlots: number): TaskPlaces {
    const known = this.#own.get(router)
    if (known !== undefined) return known
    const slots = Math.min(ownSlots, this.#init.slots)
    const { host, clock } = this.#components
    const places = new TaskPlaces({ clock, host, onChange: () => {} }, { ...this.#init, slots })
    this.#own.set(router, places)
    return places
  }

  #waitingOf(router: string): number {
    return this.#places.waitingOf(router) + (this.#own.get(router)?.waitingCount ?? 0)
  }

  #leaveOwn(seat: Seat): void {
    const { own } = seat
    this.#countOut(seat)
    void own?.places.leave(own.place, undefined)
  }

  #countOut({ router }: Seat): void {
    const left = (this.#counts.get(router) ?? 0) - 1
    if (left > 0) return void this.#counts.set(router, left)
    this.#counts.delete(router)
    this.#own.delete(router)
  }
}
