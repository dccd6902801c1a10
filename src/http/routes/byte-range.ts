/** The Range header, of one stretch (RFC 9110, section 14.2). What asks for several gets the whole, as it may. Pure. */

export interface ByteRange {
  first: number
  /** Included. */
  last: number
}

const ONE = /^bytes=(\d{0,16})-(\d{0,16})$/

/** Undefined: all of it. */
export function readRange(
  header: string | undefined,
  sizeBytes: number
): ByteRange | 'unsatisfiable' | undefined {
  const [, from = '', to = ''] = ONE.exec(header?.replaceAll(' ', '') ?? '') ?? []
  if (from === '' && to === '') return undefined
  const first = from === '' ? Math.max(0, sizeBytes - Number(to)) : Number(from)
  const last = from === '' || to === '' ? sizeBytes - 1 : Math.min(Number(to), sizeBytes - 1)
  // The other way round it is no range, and ignored.
  if (from !== '' && to !== '' && Number(to) < first) return undefined
  return first > last ? 'unsatisfiable' : { first, last }
}
