/** Generated from schemas/api/weights.schema.json by `npm run generate`; do not edit. */

/**
 * What counts for a choice on this router: its own weights, and the presets that a job may name.
 */
export interface WeightsView {
  own: WeightSet
  presets: WeightSet[]
  warnings: string[]
}
export interface WeightSet {
  name: string
  /**
   * They sum to 1.
   */
  weights: {
    [k: string]: number
  }
  /**
   * How often a millisecond of each part counts; 1 each in `balanced`.
   */
  factors: {
    [k: string]: number
  }
}
