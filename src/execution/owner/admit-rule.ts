/**
 * The owner's own rule about tasks: a command or a web address that gets the task's summary and
 * says yes or no. A rule that fails, is silent or speaks no JSON refuses: its owner wanted a say.
 */
import { MeshError, messageOf } from '../../core/errors.ts'
import { hideSecrets } from '../../core/secret-text.ts'
import { parseJson } from '../../core/json.ts'
import { withTimeLimit } from '../../core/abort.ts'
import { runCommand } from './admit-command.ts'
import type { AbortOptions } from '../../core/abort.ts'
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../observe/logger.ts'

/** What a rule is told. A task that came without a router has no job, item or attempt. */
export interface TaskSummary {
  job_id?: string
  item?: number
  attempt?: number
  /** Peer id of who sent it. */
  router: string
  engine: string
  labels: Readonly<Record<string, string>>
  memory_bytes: number
  run_timeout_ms: number
}

export interface AdmitRule {
  /** @throws MeshError OWNER_REFUSED, or the signal's reason */
  ask(summary: TaskSummary, options: AbortOptions): Promise<void>
}

export interface AdmitRuleComponents {
  clock: Clock
  logger: Logger
}

/** A router waits meanwhile, and others may have room. */
const ASK_TIMEOUT_MS = 5_000
/** Commands or requests at once; more would burden the machine that is to work. */
const ASKS_MAX = 8
/** A yes or a no with a reason. */
const ANSWER_BYTES_MAX = 65_536
/** Letters of a reason that are passed on. */
const REASON_LETTERS_MAX = 500

type Ask = (text: string, options: { signal: AbortSignal; bytesMax: number }) => Promise<string>

/** @param where a command for `sh -c`, or an http(s) URL */
export function createAdmitRule(where: string, components: AdmitRuleComponents): AdmitRule {
  const ask = /^https?:\/\//i.test(where) ? askAt(where) : askCommand(where)
  return new BoundedRule(components, ask)
}

class BoundedRule implements AdmitRule {
  readonly #components: AdmitRuleComponents
  readonly #ask: Ask
  readonly #waiting: (() => void)[] = []
  #askingCount = 0

  constructor(components: AdmitRuleComponents, ask: Ask) {
    this.#components = components
    this.#ask = ask
  }

  async ask(summary: TaskSummary, options: AbortOptions): Promise<void> {
    await this.#enter()
    try {
      options.signal?.throwIfAborted()
      const text = await this.#answer(JSON.stringify(summary), options)
      const { accept, reason } = readAnswer(text)
      if (!accept) throw refused(reason ?? 'its rule refuses the task')
    } catch (cause) {
      if (options.signal?.aborted === true) throw options.signal.reason
      if (cause instanceof MeshError && cause.code === 'OWNER_REFUSED') throw cause
      // Whoever sent the task gets to see it.
      const error = hideSecrets(messageOf(cause))
      const { attempt, item, job_id: jobId, router: peer } = summary
      const fields = { jobId, item, attempt, peer, why: error }
      this.#components.logger.warn(fields, 'admission rule failed')
      throw refused(`its rule gave no answer: ${error}`)
    } finally {
      this.#leave()
    }
  }

  async #answer(summary: string, { signal }: AbortOptions): Promise<string> {
    const limit = {
      clock: this.#components.clock,
      timeoutMs: ASK_TIMEOUT_MS,
      code: 'INTERNAL',
      message: `it took longer than ${ASK_TIMEOUT_MS / 1_000} s`,
      signal
    } as const
    return await withTimeLimit(
      limit,
      async (within) => await this.#ask(summary, { signal: within, bytesMax: ANSWER_BYTES_MAX })
    )
  }

  /** Those that wait are bounded by the worker's slots and queue. */
  async #enter(): Promise<void> {
    if (this.#askingCount < ASKS_MAX) {
      this.#askingCount += 1
      return
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push(resolve)
    await promise
  }

  #leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#askingCount -= 1
    else next()
  }
}

function askCommand(command: string): Ask {
  return (text, options) => runCommand(command, { text, ...options })
}

function askAt(where: string): Ask {
  const { authorization, url } = splitCredentials(where)
  return async (text, { signal, bytesMax }) => {
    const response = await post(url, {
      headers: { 'content-type': 'application/json', ...authorization },
      body: text,
      // Where the owner sends summaries of tasks is the owner's to say, not another server's.
      redirect: 'error',
      signal
    })
    if (!response.ok) {
      await response.body?.cancel()
      throw new Error(`HTTP status ${response.status}`)
    }
    return await readBody(response, bytesMax)
  }
}

/** `fetch` takes no address with a name and a password in it, and quotes it when it says so. */
function splitCredentials(where: string): { url: string; authorization: Record<string, string> } {
  const url = URL.parse(where)
  if (url === null || `${url.username}${url.password}` === '')
    return { url: where, authorization: {} }
  const pair = [url.username, url.password].map(unquote).join(':')
  url.username = ''
  url.password = ''
  const authorization = `Basic ${Buffer.from(pair).toString('base64')}`
  return { url: url.href, authorization: { authorization } }
}

/** As it was meant, where a percent sign stands for itself too. */
function unquote(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** `fetch` itself says no more than that it failed. */
async function post(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, method: 'POST' })
  } catch (cause) {
    throw cause instanceof TypeError && cause.cause instanceof Error ? cause.cause : cause
  }
}

async function readBody(response: Response, bytesMax: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > bytesMax) throw new Error(`its answer is longer than ${bytesMax} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function readAnswer(text: string): { accept: boolean; reason: string | undefined } {
  const answer = parseJson(text)
  const isObject = typeof answer === 'object' && answer !== null && !Array.isArray(answer)
  const { accept, reason } = isObject ? answer : {}
  if (typeof accept !== 'boolean') throw new Error('its answer has no "accept": true or false')
  return { accept, reason: typeof reason === 'string' && reason !== '' ? reason : undefined }
}

function refused(reason: string): MeshError {
  const text = reason.slice(0, REASON_LETTERS_MAX)
  return new MeshError('OWNER_REFUSED', `the owner of this worker refuses: ${text}`)
}
