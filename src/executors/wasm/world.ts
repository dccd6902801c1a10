/**
 * What a program finds when it begins: its arguments and variables, its files, the devices and folders
 * that programs count on, chance that grows from a seed and a clock that starts at the job's time.
 */
import { DeviceNode } from '../wasi/nodes.ts'
import { FileError } from '../wasi/file-system.ts'
import { InputLack } from './faults.ts'
import { LIMITS } from '../../core/limits.ts'
import { RepeatableClock, SeededNumbers } from '../repeatable.ts'
import { WasiSystem } from '../wasi/wasi-system.ts'
import { bytesOfText, readTaskFiles } from '../../model/task-files.ts'
import { inputDevice, progressDevice } from './guest-streams.ts'
import { systemClock } from '../../core/clock.ts'
import type { ErrorStream, OutputStream } from './guest-streams.ts'
import type { ProgramEars, WasmRequest } from './program.ts'

export interface WorldStreams extends Pick<ProgramEars, 'onProgress'> {
  /** As a document has it. */
  stdin: string
  stdout: OutputStream
  stderr: ErrorStream
}

/** `argv[0]`, which programs show when they complain. */
const PROGRAM_NAME = 'program'
/** Files rather than imports of our own: a module that uses `progress` runs elsewhere too. */
const DEVICE_FOLDER = 'dev'
/** Where programs put what they need for a moment, without being told. */
const SCRATCH_FOLDER = 'tmp'

const sleepCell = new Int32Array(new SharedArrayBuffer(4))

/** @param contents of the files of its inputs, in their order. @throws InputLack */
export function createWorld(
  request: WasmRequest,
  contents: readonly Uint8Array<ArrayBuffer>[],
  streams: WorldStreams
): WasiSystem {
  const numbers = new SeededNumbers(request.seed)
  const clock = new RepeatableClock(request.timeMs)
  const fillRandom = (target: Uint8Array): void => numbers.fillBytes(target)
  const stdin = inputDevice(bytesOfText(streams.stdin, 'task.stdin'))
  const wasi = new WasiSystem({
    clock: systemClock,
    realtimeUs: () => clock.lookUs(),
    args: [PROGRAM_NAME, ...(request.args ?? [])],
    environment: Object.entries(request.env ?? {}).map(([name, value]) => `${name}=${value}`),
    stdin,
    stdout: streams.stdout.device,
    stderr: streams.stderr.device,
    fileBytesMax: request.fileBytesMax,
    filesMax: LIMITS.taskFilesMax,
    wait(delayMs) {
      Atomics.wait(sleepCell, 0, 0, delayMs)
      clock.advance(delayMs)
    },
    fillRandom
  })
  const devices = {
    null: new DeviceNode({ read: () => 0, write: () => undefined }),
    progress: progressDevice(streams.onProgress),
    stdin,
    stdout: streams.stdout.device,
    stderr: streams.stderr.device,
    urandom: new DeviceNode({
      read(target) {
        fillRandom(target)
        return target.byteLength
      }
    })
  }
  try {
    for (const [name, device] of Object.entries(devices)) {
      wasi.files.place(`${DEVICE_FOLDER}/${name}`, device)
    }
    for (const [path, content] of readTaskFiles(request.files ?? [], 'task.files')) {
      wasi.files.place(path, content)
    }
    let next = 0
    for (const { files, path } of request.inputs) {
      const bytesOf = files.map((inner, index) => [inner, contents[next + index]] as const)
      wasi.files.placeInput(path, new Map(bytesOf as [string, Uint8Array<ArrayBuffer>][]))
      next += files.length
    }
    if (!wasi.files.root.entries.has(SCRATCH_FOLDER)) {
      wasi.files.createFolder(wasi.files.root, SCRATCH_FOLDER)
    }
  } catch (cause) {
    // The names were checked before, so it is the quota.
    throw cause instanceof FileError ? new InputLack(wasi.files.lack ?? 'entries') : cause
  }
  return wasi
}
