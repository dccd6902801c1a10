/** The Link header of a list: where its next page is, as every list of the API says it. */
import type { FastifyReply } from 'fastify'

/** @param query of the next page; parameters that are undefined are left out, and those that are lists stand several times */
export function linkNext(
  reply: FastifyReply,
  path: string,
  query: Readonly<Record<string, string | number | readonly string[] | undefined>>
): void {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    const values = value === undefined ? [] : [value].flat()
    for (const each of values) parameters.append(name, `${each}`)
  }
  reply.header('link', `<${path}?${parameters}>; rel="next"`)
}

/** The last row of a page after which there may be more. */
export function lastOf<T>(rows: readonly T[], limit: number): T | undefined {
  return rows.length === limit ? rows.at(-1) : undefined
}
