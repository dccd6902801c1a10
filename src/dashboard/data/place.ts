/** Where the dashboard stands: at the root of its server, or below a path that a proxy gave it. */

/** Begins and ends with a slash. */
export const PLACE: string = new URL('./', document.baseURI).pathname

/** For wouter, which joins it with paths that begin with one. */
export const ROUTER_BASE: string = PLACE.replace(/\/$/, '')

/** An address of the dashboard itself, such as `/jobs`. */
export function hrefOf(path: string): string {
  return `${ROUTER_BASE}${path}`
}
