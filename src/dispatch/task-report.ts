/** What comes with a worker's answer besides the result: each part is believed only if it has the right shape. */
import { asRecord } from '../core/json.ts'
import { isFileId } from '../model/file-id.ts'
import { readLogPart } from './views/job-logs.ts'
import type { AttemptRecord, ItemFiles } from '../jobs/records.ts'
import type { LogPart, TaskProgress } from '../model/generated/commands-execute-task.ts'
import type { OutputFile } from '../model/job.ts'
import type { SessionAnswer } from '../protocol/session.ts'

export interface TaskReport {
  /** Unchecked; the directory checks it. */
  load: unknown
  log: LogPart | undefined
  /** What of its log the worker did not keep. */
  logDroppedBytes: number
  /** All of its log, where that was longer than its bound. */
  logFile: OutputFile | undefined
  progress: TaskProgress | undefined
  /** How long the task ran by the worker's clock. */
  ranMs: number | undefined
  usage: AttemptRecord['usage']
  /** What the worker has signed, in base64; unchecked. */
  receipt: string | undefined
}

const PROGRESS_TEXT_MAX = 200

/** As in `commands/execute-task.schema.json`. */
const OUTPUTS_MAX = 64
/** As in `job.schema.json`. */
const OUTPUT_NAME_MAX = 255

export function readReport({ result }: SessionAnswer): TaskReport {
  const {
    load,
    log,
    logs_dropped_bytes: droppedBytes,
    phases,
    progress,
    receipt,
    usage
  } = result ?? {}
  const { ran_ms: ranMs } = asRecord(phases)
  const logFile = result?.['log_file']
  return {
    load,
    log: log === undefined ? undefined : readLogPart(log),
    logDroppedBytes: isAmount(droppedBytes) ? droppedBytes : 0,
    logFile: isOutputFile(logFile) ? onlyKnown(logFile) : undefined,
    progress: readProgress(progress),
    ranMs: isAmount(ranMs) ? ranMs : undefined,
    usage: readUsage(usage),
    receipt: typeof receipt === 'string' ? receipt : undefined
  }
}

/** What a task left in files; undefined where any of it has not the shape of one: then it is not to be found, either. */
export function readItemFiles({ result }: SessionAnswer): ItemFiles | undefined {
  const { outputs, output_file: outputFile } = result ?? {}
  const areOutputs =
    outputs === undefined ||
    (Array.isArray(outputs) && outputs.length <= OUTPUTS_MAX && outputs.every(isOutputFile))
  if (!areOutputs || !(outputFile === undefined || isOutputFile(outputFile))) return undefined
  return {
    outputs: outputs === undefined || outputs.length === 0 ? null : outputs.map(onlyKnown),
    outputFile: outputFile === undefined ? null : onlyKnown(outputFile)
  }
}

function isOutputFile(value: unknown): value is OutputFile {
  const { file, kind, name, size } = asRecord(value)
  const isName = typeof name === 'string' && name.length > 0 && name.length <= OUTPUT_NAME_MAX
  const isKind = kind === 'file' || kind === 'folder'
  return isName && isKind && isFileId(file) && isAmount(size) && Number.isSafeInteger(size)
}

function onlyKnown({ file, kind, name, size }: OutputFile): OutputFile {
  return { name, file, size, kind }
}

function readProgress(value: unknown): TaskProgress | undefined {
  const { ratio, text } = asRecord(value)
  const progress = {
    ...(isAmount(ratio) && ratio <= 1 ? { ratio } : {}),
    ...(typeof text === 'string' ? { text: text.slice(0, PROGRESS_TEXT_MAX) } : {})
  }
  return Object.keys(progress).length === 0 ? undefined : progress
}

function readUsage(usage: unknown): AttemptRecord['usage'] {
  const {
    bytes_in: bytesIn,
    bytes_out: bytesOut,
    cpu_ms: cpuMs,
    peak_memory_bytes: peakMemoryBytes,
    wall_ms: wallMs
  } = asRecord(usage)
  if (!isAmount(wallMs)) return null
  return {
    wallMs,
    ...(isAmount(cpuMs) ? { cpuMs } : {}),
    ...(isAmount(peakMemoryBytes) ? { peakMemoryBytes } : {}),
    ...(isAmount(bytesIn) ? { bytesIn } : {}),
    ...(isAmount(bytesOut) ? { bytesOut } : {})
  }
}

/** NaN and infinity would not survive the store's JSON. */
function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}
