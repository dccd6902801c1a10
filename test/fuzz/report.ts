/** What came of fuzzing one target, and how it is shown. */

export interface Finding {
  /** What went wrong: what was thrown, or that it did not end. */
  what: string
  /** As base64: `npm run fuzz -- TARGET --input BASE64` reads it again. */
  input: string
}

export interface TargetReport {
  target: string
  inputs: number
  seconds: number
  /** Inputs that were read, and how often each code was thrown. */
  outcomes: Record<string, number>
  seedBlocks: number
  newBlocks: number
  corpus: number
  /** How much more memory was held at the end than after the first inputs, both after a collection. */
  heapGrowthBytes: number
  medianMs: number
  slowestMs: number
  slowestBytes: number
  findings: Finding[]
}

/** More than its inputs, its corpus and what the engine compiles can explain. */
export const HEAP_GROWTH_BYTES_MAX = 48 * 2 ** 20

const CODES_SHOWN = 6
const MIB = 2 ** 20

/** What is wrong with what came out, in words; nothing, where all is well. */
export function faultsOf({ findings, heapGrowthBytes, target }: TargetReport): string[] {
  const faults = findings.map(({ input, what }) => `${target}: ${what}\n  --input ${input}`)
  if (heapGrowthBytes > HEAP_GROWTH_BYTES_MAX) {
    faults.push(`${target}: ${(heapGrowthBytes / MIB).toFixed(1)} MiB more are held at its end`)
  }
  return faults
}

export function renderReport(report: TargetReport): string {
  const { corpus, heapGrowthBytes, inputs, medianMs, newBlocks, seconds, seedBlocks } = report
  const { slowestBytes, slowestMs, target } = report
  const codes = Object.entries(report.outcomes).toSorted(([, left], [, right]) => right - left)
  const shown = codes.slice(0, CODES_SHOWN).map(([code, count]) => `${code} ${count}`)
  if (codes.length > CODES_SHOWN) shown.push(`${codes.length - CODES_SHOWN} more codes`)
  const figures = [
    `${inputs} inputs`,
    `${Math.round(inputs / seconds)}/s`,
    `${seedBlocks} blocks by seeds, ${newBlocks} more`,
    `corpus ${corpus}`,
    `heap ${(heapGrowthBytes / MIB).toFixed(1)} MiB more`,
    `slowest ${slowestMs.toFixed(1)} ms (${slowestBytes} bytes), ${Math.round(slowestMs / medianMs)} × the median`
  ]
  return `${target.padEnd(20)} ${figures.join('; ')}\n${' '.repeat(21)}${shown.join(', ')}`
}
