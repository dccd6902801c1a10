/** A program from outside, as its user sees it: spawned, its first line awaited, its tree read from /proc. */
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface TreeFigures {
  rssBytes: number
  cpuMs: number
  processCount: number
}

export interface Program {
  readyLine: string
  figures: () => TreeFigures
  stop: () => Promise<void>
}

const STOP_MS = 15_000
const READY_MS = 60_000
/** Clock ticks of /proc/PID/stat: a hundred a second on every Linux that Node runs on. */
const TICK_MS = 10

/** Runs this Node with the words; resolves at the first line on stdout. */
export async function startProgram(words: readonly string[]): Promise<Program> {
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] })
  let complaint = ''
  child.stderr.on(
    'data',
    (bytes: Buffer) => (complaint = (complaint + bytes.toString()).slice(-500))
  )
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
    await exited
    clearTimeout(timer)
  }
  const lines = createInterface(child.stdout)
  const ended = new AbortController()
  child.once('exit', () => ended.abort())
  const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(READY_MS)])
  try {
    const [line] = (await once(lines, 'line', { signal })) as [string]
    return { readyLine: line, figures: () => readTree(child.pid ?? -1), stop }
  } catch (cause) {
    await stop()
    throw new Error(`no line came from: node ${words.join(' ')}: ${complaint}`, { cause })
  }
}

function readTree(pid: number): TreeFigures {
  const pids = treeOf(pid)
  const figures: TreeFigures = { rssBytes: 0, cpuMs: 0, processCount: pids.length }
  for (const each of pids) {
    figures.rssBytes += readRssBytes(each)
    figures.cpuMs += readCpuMs(each)
  }
  return figures
}

function treeOf(root: number): number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    const parent = Number.isInteger(pid) ? Number(statOf(pid)[1]) : Number.NaN
    if (!Number.isNaN(parent)) children.set(parent, [...(children.get(parent) ?? []), pid])
  }
  const tree: number[] = []
  for (let level = [root]; level.length > 0;) {
    tree.push(...level)
    level = level.flatMap((pid) => children.get(pid) ?? [])
  }
  return tree
}

/** The fields behind the program's name, which may itself hold spaces: state, parent, … */
function statOf(pid: number): string[] {
  const text = readProc(pid, 'stat')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

function readCpuMs(pid: number): number {
  const fields = statOf(pid)
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * TICK_MS
}

function readRssBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readProc(pid, 'status'))?.[1] ?? 0) * 1_024
}

/** Empty for a process that has just ended. */
function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}
