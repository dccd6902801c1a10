/**
 * Opens a page in the browser of whoever sits there. An address may have a token in it, and what a program is started
 * with, everybody on the machine can read: so the browser is given a file that leads there, and only its owner reads.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MeshError } from '../core/errors.ts'
import { sleep } from '../core/abort.ts'
import { systemClock } from '../core/clock.ts'

/** By which a system opens a file with the program that is for it. */
const OPENERS: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', '']
}
const OPENER_ELSEWHERE: readonly [string, ...string[]] = ['xdg-open']

/** In which a browser starts and reads it. */
const READ_MS = 5_000

/** @throws MeshError FILE_NOT_FOUND where nothing here opens pages */
export async function openPage(
  address: string,
  { platform, signal }: { platform: NodeJS.Platform; signal: AbortSignal }
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'taskmesh-'))
  const file = join(folder, 'dashboard.html')
  try {
    writeFileSync(file, leadingTo(address), { mode: 0o600, flag: 'wx' })
    const [program, ...words] = OPENERS[platform] ?? OPENER_ELSEWHERE
    const child = spawn(program, [...words, file], { stdio: 'ignore', detached: true })
    child.unref()
    await once(child, 'spawn').catch((cause: unknown) => {
      throw new MeshError('FILE_NOT_FOUND', `nothing here opens pages: there is no ${program}`, {
        hint: 'leave --open out, and open the address yourself',
        cause
      })
    })
    await sleep(systemClock, READ_MS, { signal }).catch(() => undefined)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function leadingTo(address: string): string {
  const safe = address.replaceAll('&', '&amp;').replaceAll('"', '&quot;')
  return `<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer"><meta http-equiv="refresh" content="0; url=${safe}"><title>taskmesh</title><a href="${safe}">taskmesh</a>\n`
}
