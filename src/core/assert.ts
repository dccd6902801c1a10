/** States what must hold if the program itself is right. A false claim is a bug here, so it throws at once. */
export function assert(condition: boolean, why: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${why}`)
}
