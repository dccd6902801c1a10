/**
 * A command in front of another, so that the kernel ends that one when this process ends, however it
 * ends. A host whose guest computes in native code hears nothing else.
 */
import { spawnSync } from 'node:child_process'

const COMMAND = ['setpriv', '--pdeathsig', 'KILL', '--'] as const

let isKnownToWork: boolean | undefined

/** Empty where the system has no such thing: outside of Linux, and with other tools than util-linux. */
export function dyingWithParent(): readonly string[] {
  isKnownToWork ??= process.platform === 'linux' && canRun()
  return isKnownToWork ? COMMAND : []
}

function canRun(): boolean {
  const [file, ...words] = COMMAND
  return (
    spawnSync(file, [...words, process.execPath, '--version'], { stdio: 'ignore' }).status === 0
  )
}
