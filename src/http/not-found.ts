/** What to say to a request that no route takes: which methods the path has, or which path was probably meant. */
import { MeshError } from '../core/errors.ts'
import { nearestName } from '../model/validate.ts'

export interface KnownRoute {
  method: string
  /** With `:name` for its parameters. */
  path: string
}

/** A path is a stranger's text; of a longer one only the beginning is looked at. */
const PATH_LETTERS_SHOWN = 100

/** The methods that `path` has; none if no route has such a path. */
export function methodsOf(routes: readonly KnownRoute[], path: string): string[] {
  return routes
    .filter((route) => filledIn(route.path, path) === path)
    .map(({ method }) => method)
    .toSorted()
}

export function wrongMethod(method: string, path: string, allowed: readonly string[]): MeshError {
  return new MeshError('NOT_FOUND', `${shorten(path)} does not take ${method}`, {
    hint: `it takes ${allowed.join(', ')}`
  })
}

export function unknownRoute(routes: readonly KnownRoute[], path: string): MeshError {
  const nearest =
    methodsOf(routes, `/v1${path}`).length > 0 ? `/v1${path}` : nearestPath(routes, path)
  return new MeshError('NOT_FOUND', `there is no route ${shorten(path)}`, {
    hint: nearest === undefined ? topRoutes(routes) : `did you mean ${nearest}?`
  })
}

function topRoutes(routes: readonly KnownRoute[]): string {
  const tops = routes.map(({ path }) => path.split('/', 3).join('/'))
  return `the routes are ${[...new Set(tops)].toSorted().join(', ')}`
}

function nearestPath(routes: readonly KnownRoute[], path: string): string | undefined {
  if (path.length > PATH_LETTERS_SHOWN) return undefined
  const known = routes.map((route) => filledIn(route.path, path))
  return nearestName(
    path,
    known.filter((candidate) => candidate !== undefined)
  )
}

/** `/v1/jobs/:id/items` with the id that `path` has in that place; undefined if their lengths differ. */
function filledIn(pattern: string, path: string): string | undefined {
  const parts = path.split('/')
  const wanted = pattern.split('/')
  if (parts.length !== wanted.length) return undefined
  return wanted.map((part, index) => (part.startsWith(':') ? parts[index] : part)).join('/')
}

function shorten(path: string): string {
  return path.length > PATH_LETTERS_SHOWN ? `${path.slice(0, PATH_LETTERS_SHOWN)}…` : path
}
