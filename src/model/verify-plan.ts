/** How far a job believes its results, compiled from `verify`: how many copies, and what the same is. Pure. */
import { MeshError } from '../core/errors.ts'
import type { VerifyDocument } from './generated/job.ts'

export interface VerifyPlan {
  mode: 'none' | 'spot' | 'quorum' | 'adaptive'
  /** Of `spot`: which share of results is checked, 0 to 1. */
  share: number
  /** Copies that run from the start. */
  copies: number
  /** How many must return the same. */
  agree: number
  /** Copies in all, where they disagree. */
  copiesMax: number
  compare: Comparison
}

/** What makes two results the same. */
export type Comparison =
  | { kind: 'bytes' }
  | { kind: 'json' }
  | { kind: 'number'; epsilon: number }
  | { kind: 'function'; name: string }

const DEFAULTS = { mode: 'none', share: 0.05, copies: 2, agree: 2, copiesMax: 5 } as const

/** @throws MeshError FIELD_MISSING, FIELD_INVALID where the fields do not go together */
export function compileVerify(verify: VerifyDocument = {}): VerifyPlan {
  if (verify.mode === undefined && Object.keys(verify).length > 0) {
    throw new MeshError('FIELD_MISSING', 'verify says how, but not what is verified', {
      path: 'verify.mode',
      hint: 'add "mode": "quorum", "adaptive" or "spot"'
    })
  }
  const mode = verify.mode ?? DEFAULTS.mode
  const agree = verify.agree ?? DEFAULTS.agree
  // A checked result of the other modes has one copy more, and another where the two disagree.
  const copies = mode === 'quorum' ? (verify.copies ?? Math.max(DEFAULTS.copies, agree)) : 1
  const copiesMax = verify.max_copies ?? Math.max(DEFAULTS.copiesMax, copies)
  if (mode === 'quorum' && agree > copies) {
    throw invalid('verify.agree', `${agree} copies cannot agree where there are ${copies}`)
  }
  if (copiesMax < copies) {
    throw invalid(
      'verify.max_copies',
      `${copiesMax} is less than the ${copies} copies to begin with`
    )
  }
  const share = verify.share ?? DEFAULTS.share
  return { mode, share, copies, agree, copiesMax, compare: compileComparison(verify.compare) }
}

function compileComparison(text = 'json'): Comparison {
  const [kind = '', ...rest] = text.split(':')
  const detail = rest.join(':')
  switch (kind) {
    case 'bytes':
      return { kind: 'bytes' }
    case 'number':
      return { kind: 'number', epsilon: readEpsilon(detail) }
    case 'function':
      return { kind: 'function', name: detail }
    default:
      return { kind: 'json' }
  }
}

/** @throws MeshError FIELD_INVALID where any two numbers of one sign would be the same */
function readEpsilon(text: string): number {
  const epsilon = Number(text)
  if (epsilon < 1) return epsilon
  throw new MeshError('FIELD_INVALID', `by number:${text}, nearly all numbers are the same`, {
    path: 'verify.compare',
    hint: 'write the share by which numbers may differ, such as number:1e-9'
  })
}

function invalid(path: string, message: string): MeshError {
  return new MeshError('FIELD_INVALID', message, {
    path,
    hint: 'ask for at least as many copies as must agree, and no more to begin with than in all'
  })
}
