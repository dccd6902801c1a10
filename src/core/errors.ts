/**
 * Every way in which the outside world can go wrong, each with a code that never changes its meaning.
 * A programmer's mistake is not here: that is `assert`, and it crashes.
 */

/** Who has to do something about a failure. Only `worker` faults count against a worker's reputation; `owner` is its owner's own rule. */
export type Blame = 'worker' | 'owner' | 'network' | 'router' | 'job' | 'caller'

interface CatalogueEntry {
  /** The status an HTTP answer carries. */
  readonly httpStatus: number
  /** True when the same request may succeed later without anybody changing anything. */
  readonly retryable: boolean
  readonly blame: Blame
}

const caller = (httpStatus: number): CatalogueEntry => ({
  httpStatus,
  retryable: false,
  blame: 'caller'
})
const job = (httpStatus = 422): CatalogueEntry => ({ httpStatus, retryable: false, blame: 'job' })
const network = (httpStatus = 502): CatalogueEntry => ({
  httpStatus,
  retryable: true,
  blame: 'network'
})
const worker = (httpStatus = 502): CatalogueEntry => ({
  httpStatus,
  retryable: true,
  blame: 'worker'
})
const router = (httpStatus = 503, retryable = true): CatalogueEntry => ({
  httpStatus,
  retryable,
  blame: 'router'
})

/** The closed list of error codes. `docs/errors.md` explains each; a test keeps the two equal. */
export const ERROR_CATALOGUE = {
  // What a request may have wrong.
  REQUEST_NOT_JSON: caller(400),
  REQUEST_TOO_LARGE: caller(413),
  REQUEST_TOO_DEEP: caller(400),
  REQUEST_TIMED_OUT: caller(408),
  FIELD_UNKNOWN: caller(400),
  FIELD_MISSING: caller(400),
  FIELD_INVALID: caller(400),
  COMMAND_UNKNOWN: caller(400),
  COMMAND_NOT_SERVED: caller(400),
  FROM_MISMATCH: caller(403),
  WRONG_RECIPIENT: caller(421),
  PROOF_REQUIRED: caller(403),
  RECEIPT_INVALID: caller(400),
  UNAUTHORISED: caller(401),
  // What the membership of a node may have wrong.
  NOT_A_MEMBER: caller(403),
  CREDENTIAL_INVALID: caller(403),
  CREDENTIAL_EXPIRED: caller(403),
  CREDENTIAL_NOT_YET_VALID: caller(403),
  MESH_MISMATCH: caller(403),
  ROLE_MISMATCH: caller(403),
  TOKEN_USED_UP: caller(403),
  REVOKED: caller(403),
  COMMAND_FORBIDDEN: caller(403),
  APPROVAL_PENDING: { httpStatus: 503, retryable: true, blame: 'caller' },
  FORBIDDEN: caller(403),
  TOO_MANY_REQUESTS: { httpStatus: 429, retryable: true, blame: 'caller' },
  NOT_FOUND: caller(404),
  JOB_NOT_FOUND: caller(404),
  NODE_NOT_FOUND: caller(404),
  FILE_NOT_FOUND: caller(404),
  RECIPE_NOT_FOUND: caller(404),
  ID_AMBIGUOUS: caller(409),
  JOB_ENDED: caller(409),
  JOB_NOT_ENDED: caller(409),
  JOB_NOT_HELD: caller(409),
  KEY_CONFLICT: caller(409),
  NEEDS_CYCLE: caller(400),
  QUEUE_FULL: { httpStatus: 429, retryable: true, blame: 'router' },
  // What a frame on a session may have wrong.
  FRAME_TOO_LARGE: caller(413),
  FRAME_INVALID: caller(400),
  PROTOCOL_VERSION: caller(426),
  // What a file may have wrong.
  FILE_UNREADABLE: caller(422),
  FILE_CHANGED: { httpStatus: 409, retryable: true, blame: 'caller' },
  FILE_BUSY: { httpStatus: 409, retryable: true, blame: 'caller' },
  FILE_KIND_INVALID: caller(409),
  PIECE_INVALID: network(422),
  FILE_UNAVAILABLE: network(503),
  // How a task may end.
  TASK_FAILED: job(),
  TASK_TIMED_OUT: job(),
  TASK_OUT_OF_MEMORY: job(),
  TASK_OUT_OF_DISK: job(),
  TASK_OUTPUT_TOO_LARGE: job(),
  TASK_STOPPED: job(409),
  QUEUE_TIMED_OUT: router(503, false),
  TOTAL_TIMED_OUT: job(),
  TASK_BREAKS_SANDBOXES: job(),
  TASK_SUPERSEDED: job(409),
  VERIFY_UNDECIDED: job(),
  VERIFY_FAILED: job(),
  NEED_FAILED: job(409),
  // What may be wrong with the machine that runs it.
  WORKER_BUSY: { httpStatus: 503, retryable: true, blame: 'router' },
  WORKER_STOPPING: { httpStatus: 503, retryable: true, blame: 'router' },
  ENGINE_UNAVAILABLE: { httpStatus: 422, retryable: true, blame: 'router' },
  RESOURCES_UNAVAILABLE: { httpStatus: 422, retryable: true, blame: 'router' },
  WORKER_CORDONED: { httpStatus: 503, retryable: true, blame: 'router' },
  OWNER_REFUSED: { httpStatus: 403, retryable: true, blame: 'owner' },
  TASK_UNKNOWN: { httpStatus: 404, retryable: true, blame: 'router' },
  TASK_LOST: worker(),
  SANDBOX_CRASHED: worker(),
  RESULT_INVALID: worker(),
  // What may be wrong with the way there.
  NOBODY_LISTENS: { httpStatus: 503, retryable: true, blame: 'caller' },
  PEER_UNREACHABLE: network(),
  PEER_GONE: network(),
  PEER_SILENT: network(504),
  SESSION_CLOSED: network(),
  SESSION_CONGESTED: network(503),
  RESPONSE_TIMED_OUT: network(504),
  RESPONSE_INVALID: network(),
  // What may be wrong with this node.
  NO_SUITABLE_WORKER: router(409, false),
  STORE_FAILED: router(),
  STORE_FULL: router(507),
  STOPPING: router(),
  API_UNREACHABLE: { httpStatus: 503, retryable: true, blame: 'caller' },
  CONFIG_INVALID: caller(400),
  ADDRESS_IN_USE: caller(409),
  NODE_ALREADY_RUNNING: caller(409),
  IDENTITY_UNUSABLE: caller(400),
  INTERNAL: router(500, false)
} as const satisfies Record<string, CatalogueEntry>

export type ErrorCode = keyof typeof ERROR_CATALOGUE

export interface MeshErrorInit {
  /** JSON path (`task.source`, `each[3].id`) or flag of what is wrong. */
  path?: string | undefined
  /** What the reader can do about it. */
  hint?: string | undefined
  /** Overrides the catalogue where one code has two culprits, as a time-out has. */
  blame?: Blame | undefined
  retryable?: boolean | undefined
  /** When it is worth trying again. */
  retryAfterMs?: number | undefined
  /** What the task's own program calls it, such as `PAYMENT_DECLINED`, or its exit code. */
  taskCode?: string | undefined
  cause?: unknown
}

/** A `MeshError` as plain data: what travels on the wire, into the store and to the terminal. */
export interface ErrorData {
  code: ErrorCode
  message: string
  path?: string
  hint?: string
  blame: Blame
  retryable: boolean
  retry_after_ms?: number
  task_code?: string
}

/** What a stranger has sent may stand in an error, and goes back, into logs and onto terminals with it: of a long text its beginning. */
export const ERROR_TEXT_MAX = 8_192

/** The one class of expected failures. Compare `code`, never the class or the message. */
export class MeshError extends Error {
  override readonly name = 'MeshError'
  readonly code: ErrorCode
  readonly path: string | undefined
  readonly hint: string | undefined
  readonly blame: Blame
  readonly retryable: boolean
  readonly retryAfterMs: number | undefined
  readonly taskCode: string | undefined

  constructor(code: ErrorCode, message: string, init: MeshErrorInit = {}) {
    super(cutText(message), init.cause === undefined ? undefined : { cause: init.cause })
    this.code = code
    this.path = init.path === undefined ? undefined : cutText(init.path)
    this.hint = init.hint === undefined ? undefined : cutText(init.hint)
    this.blame = init.blame ?? ERROR_CATALOGUE[code].blame
    this.retryable = init.retryable ?? ERROR_CATALOGUE[code].retryable
    this.retryAfterMs = init.retryAfterMs
    this.taskCode = init.taskCode
  }

  toData(): ErrorData {
    return {
      code: this.code,
      message: this.message,
      ...(this.path === undefined ? {} : { path: this.path }),
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      blame: this.blame,
      retryable: this.retryable,
      ...(this.retryAfterMs === undefined ? {} : { retry_after_ms: this.retryAfterMs }),
      ...(this.taskCode === undefined ? {} : { task_code: this.taskCode })
    }
  }

  /** Rebuilds an error that another node sent; a code this version doesn't know becomes `fallback`. */
  static fromData(data: Partial<ErrorData>, fallback: ErrorCode = 'INTERNAL'): MeshError {
    const code = isErrorCode(data.code) ? data.code : fallback
    return new MeshError(code, data.message ?? 'no message was given', {
      path: data.path,
      hint: data.hint,
      blame: data.blame,
      retryable: data.retryable,
      retryAfterMs: data.retry_after_ms,
      taskCode: data.task_code
    })
  }

  /** Turns anything caught into a `MeshError`; what nobody foresaw is `INTERNAL` and keeps its cause. */
  static from(cause: unknown, fallback: ErrorCode = 'INTERNAL'): MeshError {
    if (cause instanceof MeshError) return cause
    return new MeshError(fallback, messageOf(cause), { cause })
  }
}

function cutText(text: string): string {
  return text.length > ERROR_TEXT_MAX ? `${text.slice(0, ERROR_TEXT_MAX)}…` : text
}

export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERROR_CATALOGUE, code)
}

export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
