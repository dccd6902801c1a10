/**
 * Other systems, where they can be had: a server on the PATH and a client package in the folder that
 * TASKMESH_BENCH_PEERS names. None of them is a dependency of this project.
 */
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { createRequire } from 'node:module'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { delimiter, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { AddressInfo } from 'node:net'
import type { ChildProcess } from 'node:child_process'

const VARIABLE = 'TASKMESH_BENCH_PEERS'
const START_MS = 10_000

export interface PeerServer {
  port: number
  stop: () => Promise<void>
}

/** Why a peer can't be measured here, or undefined. */
export function missingPeer(program: string, packageName: string): string | undefined {
  if (findProgram(program) === undefined) return `${program} is not installed`
  const folder = process.env[VARIABLE]
  if (folder === undefined) return `${VARIABLE} names no folder with the package ${packageName}`
  return existsSync(join(folder, 'node_modules', packageName))
    ? undefined
    : `there is no package ${packageName} in ${folder}/node_modules`
}

/** Imports a package out of the peers' folder; the caller knows its shape. */
export async function importPeer<T>(packageName: string): Promise<T> {
  const require = createRequire(join(process.env[VARIABLE] ?? '', 'package.json'))
  return (await import(pathToFileURL(require.resolve(packageName)).href)) as T
}

/** Starts a peer's server on a port of loopback, a free one unless it is named. */
export async function startPeerServer(
  program: string,
  argumentsFor: (port: number) => readonly string[],
  named?: number
): Promise<PeerServer> {
  const port = named ?? (await freePort())
  const child = spawn(findProgram(program) ?? program, argumentsFor(port), { stdio: 'ignore' })
  await listening(child, port)
  return {
    port,
    stop: async () => {
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      await exited
    }
  }
}

export function findProgram(program: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path))
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  const endMs = performance.now() + START_MS
  while (performance.now() < endMs && child.exitCode === null) {
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50))
    } finally {
      socket.destroy()
    }
  }
  throw new Error('the server did not start')
}
