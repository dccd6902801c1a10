/** Puts this router's own files into its catalogue: it is a holder as others are. */
import { setImmediate as turn } from 'node:timers/promises'
import { OfferReader } from './offer-reader.ts'
import type { FileCatalogue } from './file-catalogue.ts'
import type { OwnOffers } from './own-offers.ts'
import type { Startable } from '../core/startable.ts'

export interface OwnFilesComponents {
  catalogue: FileCatalogue
  offers: OwnOffers
  selfPeer: string
}

export class OwnFiles implements Startable {
  readonly #offers: OwnOffers
  readonly #reader: OfferReader
  #isReading = false
  #hasStopped = false

  constructor({ catalogue, offers, selfPeer }: OwnFilesComponents) {
    this.#offers = offers
    this.#reader = new OfferReader(catalogue, selfPeer)
  }

  async start(): Promise<void> {
    this.#offers.onChanged(() => void this.#read())
    await this.#read()
  }

  async stop(): Promise<void> {
    this.#hasStopped = true
  }

  async #read(): Promise<void> {
    if (this.#isReading) return
    this.#isReading = true
    while (!this.#hasStopped && !this.#reader.isAt(this.#offers)) {
      // Changes that come together are read together, and others have their turn between two pages.
      // oxlint-disable-next-line no-await-in-loop
      await turn()
      this.#reader.take(this.#offers.page(this.#reader.params))
    }
    this.#isReading = false
  }
}
