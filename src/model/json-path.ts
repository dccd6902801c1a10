/** Reads or changes a JSON value at a path as errors name it: `timeouts.run`, `each[3].input.n`, `[0].stdout`. */
import { MeshError } from '../core/errors.ts'

type Step = string | number

/** Of an object's fields, where the wanted one is not among them. */
const FIELDS_SHOWN = 8

export function isPath(path: string): boolean {
  return /^([^.[\]]+|\[\d{1,6}\])((\.[^.[\]]+)|(\[\d{1,6}\]))*$/.test(path)
}

/** What stands there. @throws MeshError FIELD_INVALID, which says what there is instead */
export function valueAt(root: unknown, path: string): unknown {
  let value = root
  let place = ''
  for (const step of stepsOf(path)) {
    if (!hasStep(value, step)) {
      const where = place === '' ? 'it' : place
      throw new MeshError(
        'FIELD_INVALID',
        `there is nothing at "${path}": ${where} ${describe(value)}`
      )
    }
    value = (value as Record<Step, unknown>)[step]
    place += typeof step === 'number' ? `[${step}]` : `${place === '' ? '' : '.'}${step}`
  }
  return value
}

/** The value with another one at the path; nothing of the old one is changed. @throws MeshError FIELD_INVALID */
export function withValueAt(root: unknown, path: string, value: unknown): unknown {
  if (!isPath(path)) throw refused(path, 'it is not a path')
  return replace(root, stepsOf(path), 0, { path, value })
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

function hasStep(value: unknown, step: Step): boolean {
  if (Array.isArray(value)) return typeof step === 'number' && step < value.length
  if (typeof value !== 'object' || value === null) return false
  return typeof step === 'string' && Object.hasOwn(value, step)
}

/** Behind the name of a place: what a reader can do with it. */
function describe(value: unknown): string {
  if (Array.isArray(value)) return `is a list of ${value.length}`
  if (typeof value !== 'object' || value === null) {
    return value === null ? 'is null' : `is a ${typeof value}`
  }
  const fields = Object.keys(value)
  const more = fields.length > FIELDS_SHOWN ? ', …' : ''
  return fields.length === 0 ? 'is empty' : `has ${fields.slice(0, FIELDS_SHOWN).join(', ')}${more}`
}

function stepsOf(path: string): Step[] {
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
