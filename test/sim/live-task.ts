/** What the workers of the live check are told, and what is right. */

export interface LiveWorkerInit {
  /** How long a task takes there. */
  taskMs: number
  isCheat: boolean
}

export function squareOf(n: number): number {
  return n * n
}
