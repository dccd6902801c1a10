/**
 * What a task names and its worker must have: a function, a program, an image. Routers ask it of what a
 * worker says of itself, workers of what their owners allow, and both mean the same. Pure.
 */
import { isAbsolute, normalize } from 'node:path/posix'

/** Among programs: whatever is installed, or more of them than can be listed. */
export const ANY_PROGRAM = '*'

/** A record has room for so many of each kind. */
export const NAMES_LISTED_MAX = 256

const DIGEST = /sha256:[0-9a-f]{64}$/

/** Whether it can name a program on any worker: an absolute path without detours, or a bare name. */
export function isProgramName(name: string): boolean {
  return name.includes('/') ? isAbsolute(name) && normalize(name) === name : name !== ''
}

/** A bare name stands for every path that ends in it. */
export function isSameProgram(path: string, name: string): boolean {
  return path === name || path.endsWith(`/${name}`)
}

/** A name says who made an image, a digest says what it is: that alone counts. */
export function isSameImage(one: string, other: string): boolean {
  const digest = digestOf(other)
  return digest !== undefined && one.endsWith(digest)
}

/** An image by what it is; of an id, the id. */
export function digestOf(image: string): string | undefined {
  return DIGEST.exec(image)?.[0]
}
