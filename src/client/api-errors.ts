/** What may go wrong on the way to a router's HTTP API and back, as `MeshError`s that say what to do. */
import { parseJson } from '../core/json.ts'
import { MeshError, isErrorCode } from '../core/errors.ts'
import type { Problem } from '../model/generated/api-problem.ts'

const UNREACHABLE_HINT =
  'is a router running? start one with `taskmesh router`, or name it with --api / TASKMESH_API'

const UNTRUSTED_HINT =
  'name the file with its certificate, or its authority, with --api-ca / TASKMESH_API_CA'

/** How OpenSSL and Node call a certificate that nobody vouches for, or that is of another name or time. */
const UNTRUSTED = /^(ERR_TLS_CERT|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|CERT_)/

/** Shown of an answer that nobody understands. */
const EXCERPT_LETTERS = 80

/** No connection, or one that broke before the answer was there. */
export function unreachable(url: string, cause: unknown): MeshError {
  // A way by libp2p says itself what is wrong with it.
  if (cause instanceof MeshError) return cause
  const reason = reasonOf(cause)
  const isUntrusted = UNTRUSTED.test(reason)
  const what = isUntrusted ? `the router at ${url} is not trusted` : `no router answers at ${url}`
  return new MeshError('API_UNREACHABLE', `${what} (${reason})`, {
    hint: isUntrusted ? UNTRUSTED_HINT : UNREACHABLE_HINT,
    cause
  })
}

/** What a connection says that was there and broke: whether the other side did what it was asked is unknown. */
const CUT_OFF: readonly string[] = ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']

/** True when somebody was there, and the answer got lost on its way. */
export function isCutOff({ code, cause }: MeshError): boolean {
  return (
    code === 'SESSION_CLOSED' || (code === 'API_UNREACHABLE' && CUT_OFF.includes(reasonOf(cause)))
  )
}

/** Something listens there, but it doesn't speak as a router does. */
export function notARouter(url: string, status: number, text: string): MeshError {
  const excerpt = text.trim().slice(0, EXCERPT_LETTERS)
  const shown = excerpt === '' ? '' : `: ${excerpt}`
  return new MeshError(
    'RESPONSE_INVALID',
    `${url} answered ${status}, but not as a router does${shown}`,
    { hint: 'is this the address of a router? name it with --api / TASKMESH_API', retryable: false }
  )
}

/** The error that a problem document describes; undefined if the text is none. */
export function fromProblem(text: string, headers: Headers): MeshError | undefined {
  const problem = asProblem(text)
  if (problem === undefined) return undefined
  const retryAfterMs = retryAfterOf(headers)
  return MeshError.fromData(
    {
      message: problem.detail,
      ...(isErrorCode(problem.code) ? { code: problem.code } : {}),
      ...(problem.path === undefined ? {} : { path: problem.path }),
      ...(problem.hint === undefined ? {} : { hint: problem.hint }),
      ...(problem.retryable === undefined ? {} : { retryable: problem.retryable }),
      ...(retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs })
    },
    'RESPONSE_INVALID'
  )
}

/** A router names seconds; the other form, a date, is for caches. */
function retryAfterOf(headers: Headers): number | undefined {
  const text = headers.get('retry-after')
  return text !== null && /^\d{1,6}$/.test(text) ? Number(text) * 1_000 : undefined
}

function asProblem(text: string): Problem | undefined {
  try {
    const value = parseJson(text) as Partial<Problem> | null
    const isProblem = typeof value?.code === 'string' && typeof value.detail === 'string'
    return isProblem ? (value as Problem) : undefined
  } catch {
    // Whatever it is, it is not one of ours; the caller shows it as it is.
    return undefined
  }
}

/** `fetch` hides the reason below its own "fetch failed", several deep where a name has two addresses. */
function reasonOf(thrown: unknown): string {
  let reason = thrown
  for (let depth = 0; depth < 4; depth += 1) {
    const inner = reason instanceof AggregateError ? reason.errors[0] : (reason as Error)?.cause
    if (inner === undefined) break
    reason = inner
  }
  const { code, message } = reason as { code?: string; message?: string }
  return code ?? message ?? String(reason)
}
