/**
 * Which nodes of a home run, and where they listen: whoever has a node's lock open is that node. Read from /proc;
 * a system without it tells nothing.
 */
import { readFileSync, readdirSync, readlinkSync, realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { commandLineOf } from '../process-facts.ts'
import type { ListenAddress, NodeProcess } from './check.ts'

const LOCK = 'lock'
/** `0A` in the tables of the kernel. */
const LISTENING = '0A'
const SOCKET = /^socket:\[(\d+)\]$/

export function findNodes(home: string): NodeProcess[] {
  const realHome = orUndefined(() => realpathSync(home))
  if (realHome === undefined) return []
  return numbersIn('/proc').flatMap((pid) => {
    const files = openFiles(pid)
    const lock = files.find(
      (file) => basename(file) === LOCK && dirname(dirname(file)) === realHome
    )
    if (lock === undefined) return []
    const name = basename(dirname(lock))
    return [{ name, pid, words: commandLineOf(pid), listens: listensOf(pid, files) }]
  })
}

/** Nothing of processes of other users. */
function openFiles(pid: number): string[] {
  const folder = `/proc/${pid}/fd`
  return numbersIn(folder).flatMap(
    (descriptor) => orUndefined(() => readlinkSync(join(folder, String(descriptor)))) ?? []
  )
}

/** The process that listens on a port, whosever it is; undefined where that is not ours to see. */
export function ownerOfPort(port: number): number | undefined {
  return numbersIn('/proc').find((pid) =>
    listensOf(pid, openFiles(pid)).some((listen) => listen.port === port)
  )
}

function listensOf(pid: number, files: readonly string[]): ListenAddress[] {
  const sockets = new Set(files.map((file) => SOCKET.exec(file)?.[1]))
  const rows = ['tcp', 'tcp6'].flatMap((table) => {
    const text = orUndefined(() => readFileSync(`/proc/${pid}/net/${table}`, 'utf8')) ?? ''
    return text.split('\n').slice(1)
  })
  return rows.flatMap((row) => {
    const [, local = '', , state, , , , , , inode] = row.trim().split(/\s+/)
    return state === LISTENING && sockets.has(inode) ? [addressOf(local)] : []
  })
}

/** `0100007F:C8EC` → 127.0.0.1, 51436. @param text with each word of four bytes backwards */
export function addressOf(text: string): ListenAddress {
  const [hex = '', port = ''] = text.split(':')
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) =>
    [...Buffer.from(word, 'hex')].toReversed()
  )
  const host = bytes.length === 4 ? bytes.join('.') : sixOf(bytes)
  return { host, port: Number.parseInt(port, 16) }
}

function sixOf(bytes: readonly number[]): string {
  const isMapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff
  if (isMapped) return `::ffff:${bytes.slice(12).join('.')}`
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)).toString(16)
  )
  return groups
    .join(':')
    .replace(/^(0:){7}/, '::')
    .replace(/^::0$/, '::')
}

function numbersIn(folder: string): number[] {
  return (orUndefined(() => readdirSync(folder)) ?? [])
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

/** What has gone meanwhile, or is not ours to see, is not there. */
function orUndefined<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}
