/** Changes a JSON value at a path as errors name it: `timeouts.run`, `each[3].input.n`. */
import { MeshError } from '../core/errors.ts'

type Step = string | number

/** The value with another one at the path; nothing of the old one is changed. @throws MeshError FIELD_INVALID */
export function withValueAt(root: unknown, path: string, value: unknown): unknown {
  return replace(root, parsePath(path), 0, { path, value })
}

interface Change {
  path: string
  value: unknown
}

function replace(target: unknown, steps: readonly Step[], depth: number, change: Change): unknown {
  const step = steps[depth]
  if (step === undefined) return change.value
  if (typeof step === 'number') {
    const list = target ?? []
    if (!Array.isArray(list) || step > list.length) {
      throw refused(change.path, `there is no place ${step} in it`)
    }
    // The place behind the last one makes it longer.
    const longer: unknown[] = [...(list as unknown[])]
    longer[step] = replace(longer[step], steps, depth + 1, change)
    return longer
  }
  const object = target ?? {}
  if (typeof object !== 'object' || Array.isArray(object)) {
    throw refused(change.path, `"${step}" would be a field of what has no fields`)
  }
  const before = Object.hasOwn(object, step) ? (object as Record<string, unknown>)[step] : undefined
  return { ...object, [step]: replace(before, steps, depth + 1, change) }
}

function parsePath(path: string): Step[] {
  if (!/^[^.[\]]+((\.[^.[\]]+)|(\[\d{1,6}\]))*$/.test(path)) {
    throw refused(path, 'it is not a path')
  }
  return [...path.matchAll(/([^.[\]]+)|\[(\d+)\]/g)].map(([, name, place]) =>
    place === undefined ? String(name) : Number(place)
  )
}

function refused(path: string, why: string): MeshError {
  return new MeshError('FIELD_INVALID', `"${path}" cannot be set: ${why}`, {
    path: 'set',
    hint: 'write paths such as timeouts.run or each[3].input'
  })
}
