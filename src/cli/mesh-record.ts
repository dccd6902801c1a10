/** Which processes a local mesh consists of, in a file in the home, so that `down` finds them later. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sleep } from '../core/abort.ts'
import { systemClock } from '../core/clock.ts'
import { commandLineOf, isAlive } from './process-facts.ts'
import { PROGRAM_FILE } from './mesh-child.ts'

export interface MeshRecord {
  /** The process of `up`, which stops the others itself; null for a mesh that was left alone. */
  owner: number | null
  processes: { name: string; pid: number }[]
}

const STOP_TIMEOUT_MS = 8_000
const POLL_MS = 50

export function writeMeshRecord(home: string, record: MeshRecord): void {
  mkdirSync(home, { recursive: true, mode: 0o700 })
  writeFileSync(fileIn(home), `${JSON.stringify(record)}\n`, { mode: 0o600 })
}

export function removeMeshRecord(home: string): void {
  rmSync(fileIn(home), { force: true })
}

/** The recorded processes that live and are what the record says; a number may be somebody else's by now. */
export function livingProcesses(home: string): MeshRecord | undefined {
  const record = readMeshRecord(home)
  if (record === undefined) return undefined
  const processes = record.processes.filter(({ name, pid }) => isNode(pid, home, name))
  const isOwned = record.owner !== null && isAlive(record.owner) && isOwner(record.owner)
  return { owner: isOwned ? record.owner : null, processes }
}

/** @returns how many processes were stopped */
export async function stopRecordedMesh(home: string): Promise<number> {
  const living = livingProcesses(home)
  if (living === undefined) return 0
  if (living.owner !== null) process.kill(living.owner, 'SIGTERM')
  else for (const { pid } of living.processes) process.kill(pid, 'SIGTERM')
  const untilMs = systemClock.monotonicMs() + STOP_TIMEOUT_MS
  let left = living.processes
  while (left.length > 0 && systemClock.monotonicMs() < untilMs) {
    // Each look waits for the one before it.
    // oxlint-disable-next-line no-await-in-loop
    await sleepAwake()
    left = left.filter(({ name, pid }) => isNode(pid, home, name) || isEnding(pid))
  }
  for (const { pid } of left) process.kill(pid, 'SIGKILL')
  removeMeshRecord(home)
  return living.processes.length
}

function readMeshRecord(home: string): MeshRecord | undefined {
  const file = fileIn(home)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as MeshRecord) : undefined
}

function isNode(pid: number, home: string, name: string): boolean {
  if (!isAlive(pid)) return false
  const words = commandLineOf(pid)
  return [PROGRAM_FILE, home, name].every((word) => words.includes(word))
}

/** Its memory is gone, and its words with it, but not yet the process: with many threads that takes a moment. */
function isEnding(pid: number): boolean {
  return isAlive(pid) && commandLineOf(pid).length === 0
}

function isOwner(pid: number): boolean {
  const words = commandLineOf(pid)
  return words.some((word) => word.includes('taskmesh'))
}

function fileIn(home: string): string {
  return join(home, 'mesh.json')
}

/** Timers of the clock keep nothing alive, and here nothing else does. */
async function sleepAwake(): Promise<void> {
  const { port1 } = new MessageChannel()
  port1.addEventListener('message', () => undefined)
  port1.start()
  await sleep(systemClock, POLL_MS)
  port1.close()
}
