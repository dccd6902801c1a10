/** Brings what inputs name on the web into the mesh, and puts the files in their place. */
import { asMeshInput, inputsOf, replaceInputs } from '../../model/job-inputs.ts'
import { formatBytes } from '../../core/units.ts'
import { MeshError } from '../../core/errors.ts'
import { sleep } from '../../core/abort.ts'
import type { AbortOptions } from '../../core/abort.ts'
import type { Cause } from '../../jobs/records.ts'
import type { Clock } from '../../core/clock.ts'
import type { JobDocument } from '../../model/job.ts'
import type { WebFiles, WebSource } from '../ports.ts'

export interface WebInputsComponents {
  clock: Clock
  /** Milliseconds since 1970 that never jump. */
  nowMs: () => number
  web: WebFiles
}

export interface WebInputsOptions extends AbortOptions {
  /** For so long they have to stay once they are here. */
  keepMs: number
  /** Hears what people should know of it, now and then. */
  onNote: (cause: Cause) => void
}

/** A server that is started again is back within a minute or two. */
const PAUSES_MS = [1_000, 5_000, 20_000, 60_000]
/** Those who wait like to see that it goes on; a history has room for some dozens of lines. */
const NOTE_PERIOD_MS = 60_000

/**
 * The document with files of the mesh for addresses of the web; the same document where it has none.
 * @throws MeshError FIELD_INVALID, STORE_FULL or FILE_UNAVAILABLE, none of them worth another try; the signal's reason
 */
export async function withWebInputs(
  document: JobDocument,
  components: WebInputsComponents,
  options: WebInputsOptions
): Promise<JobDocument> {
  const wanted = new Map<string, WebSource>()
  for (const { origin, path } of inputsOf(document)) {
    if (origin.kind === 'web') wanted.set(origin.sha256, { ...origin, path })
  }
  if (wanted.size === 0) return document
  const files = await fetchAll([...wanted.values()], components, options)
  return replaceInputs(document, ({ input, origin }) =>
    origin.kind === 'web' ? asMeshInput(input, files.get(origin.sha256) as string) : input
  )
}

/** One that cannot be had ends the others. @returns ids by SHA-256 */
async function fetchAll(
  sources: readonly WebSource[],
  components: WebInputsComponents,
  options: WebInputsOptions
): Promise<Map<string, string>> {
  const failure = new AbortController()
  const { signal = failure.signal } = options
  const inTime = AbortSignal.any([failure.signal, signal])
  const fetches = sources.map(async (source): Promise<[string, string]> => {
    try {
      const id = await fetchSurely(source, components, { ...options, signal: inTime })
      return [source.sha256, id]
    } catch (cause) {
      failure.abort(cause)
      throw cause
    }
  })
  await Promise.allSettled(fetches)
  failure.signal.throwIfAborted()
  return new Map(await Promise.all(fetches))
}

/** Tries again after a while, where that may help. */
async function fetchSurely(
  source: WebSource,
  { clock, nowMs, web }: WebInputsComponents,
  { keepMs, onNote, signal }: WebInputsOptions
): Promise<string> {
  let notedAtMs = nowMs()
  const onProgress = (bytes: number, totalBytes: number | undefined): void => {
    if (nowMs() - notedAtMs < NOTE_PERIOD_MS) return
    notedAtMs = nowMs()
    onNote(progressNote(source, bytes, totalBytes))
  }
  for (const pauseMs of [...PAUSES_MS, undefined]) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one try after the other is the point
      return await web.fetch(source, { keepMs, onProgress, signal })
    } catch (cause) {
      signal?.throwIfAborted()
      const error = MeshError.from(cause)
      if (!error.retryable || pauseMs === undefined) throw final(error, source)
      const { blame, code, message } = error
      onNote({ by: 'router', reason: code, blame, text: `it is tried again: ${message}` })
      // oxlint-disable-next-line no-await-in-loop -- as above
      await sleep(clock, pauseMs, { signal })
    }
  }
  throw new Error('the last try ends the loop')
}

/** The job fails of it, instead of being looked at again. */
function final({ blame, code, hint, message, path }: MeshError, source: WebSource): MeshError {
  return new MeshError(code, message, {
    path: path ?? `${source.path}.from`,
    hint,
    blame,
    retryable: false
  })
}

function progressNote({ url }: WebSource, bytes: number, totalBytes: number | undefined): Cause {
  const of = totalBytes === undefined ? '' : ` of ${formatBytes(totalBytes)}`
  return {
    by: 'router',
    reason: 'INPUTS_FETCHING',
    text: `${formatBytes(bytes)}${of} of ${new URL(url).host} are here`
  }
}
