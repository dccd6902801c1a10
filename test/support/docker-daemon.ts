/**
 * Docker for tests: a daemon of their own with nothing of the machine's, where docker's programs are
 * installed and the tests are root. It touches neither the firewall nor the machine's images.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { until } from './until.ts'

export interface DockerDaemon {
  /** What to call it by. */
  cli: readonly string[]
  stop: () => Promise<void>
}

/** @throws Error where there is none to be had */
export async function startDocker(folder: string): Promise<DockerDaemon> {
  if (process.getuid?.() !== 0) throw new Error('only root can start a docker daemon')
  execFileSync('dockerd', ['--version'], { stdio: 'pipe' })
  const host = `unix://${join(folder, 'docker.sock')}`
  const daemon = spawn(
    'dockerd',
    [
      `--host=${host}`,
      `--data-root=${join(folder, 'data')}`,
      `--exec-root=${join(folder, 'exec')}`,
      `--pidfile=${join(folder, 'pid')}`,
      '--storage-driver=vfs',
      '--iptables=false',
      '--bridge=none'
    ],
    { stdio: 'ignore' }
  )
  const exited = once(daemon, 'exit')
  const endWithUs = (): void => void daemon.kill()
  process.once('exit', endWithUs)
  const stop = async (): Promise<void> => {
    process.off('exit', endWithUs)
    daemon.kill()
    await exited
  }
  const cli = ['docker', `--host=${host}`]
  const isThere = (): boolean => daemon.exitCode !== null || answers(cli)
  await until('answer of the docker daemon', isThere, Boolean, { pollMs: 200 })
  if (daemon.exitCode !== null) throw new Error('the docker daemon ended by itself')
  return { cli, stop }
}

function answers([file = '', ...flags]: readonly string[]): boolean {
  try {
    execFileSync(file, [...flags, 'version', '--format={{.Server.Version}}'], { stdio: 'pipe' })
    return true
  } catch {
    // Not yet.
    return false
  }
}
