/** A map of bounded size: what was set last comes last, and of more entries than it may hold the first one goes. */
export class RecentMap<K, V> extends Map<K, V> {
  readonly #countMax: number

  constructor(countMax: number) {
    super()
    this.#countMax = countMax
  }

  override set(key: K, value: V): this {
    this.delete(key)
    super.set(key, value)
    if (this.size > this.#countMax) this.delete(this.keys().next().value as K)
    return this
  }
}
