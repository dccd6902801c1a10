/** Which sandboxes hold here: tried, since what is installed says little. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findCli } from '../../executors/container/container-cli.ts'
import { hostCommand } from '../../executors/sandbox/host-command.ts'
import { MeshError } from '../../core/errors.ts'
import { ProcessExecutor } from '../../executors/process/process-executor.ts'
import { systemClock } from '../../core/clock.ts'
import { fileURLToPath } from 'node:url'
import type { Check, Finding } from './check.ts'

/** Any file that a sandbox host could begin with. */
const READABLE = fileURLToPath(import.meta.url)

export const sandboxesCheck: Check = {
  section: 'sandboxes',
  run: async () => [...checkHosts(), ...(await tryPrograms()), ...(await tryContainers())]
}

function checkHosts(): Finding[] {
  if (process.platform !== 'linux' || hostCommand(READABLE).length > 0) return []
  return [
    {
      severity: 'warning',
      what: 'sandboxes of engines javascript and wasm run as this user, and may outlive a node that was killed',
      why: 'the WebAssembly below them still holds tasks, but there is no second wall behind it',
      remedy: 'sudo apt install util-linux (setpriv)'
    }
  ]
}

async function tryPrograms(): Promise<Finding[]> {
  const folder = mkdtempSync(join(tmpdir(), 'taskmesh-doctor-'))
  const engine = new ProcessExecutor(
    { clock: systemClock },
    { folder, programs: [], isAnyAllowed: true }
  )
  try {
    await engine.start()
    return []
  } catch (cause) {
    return [unavailable('process', cause, 'sudo apt install bubblewrap')]
  } finally {
    await engine.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function tryContainers(): Promise<Finding[]> {
  try {
    await findCli(systemClock, [])
    return []
  } catch (cause) {
    return [unavailable('container', cause, 'sudo apt install podman')]
  }
}

function unavailable(engine: string, cause: unknown, command: string): Finding {
  const { hint, message } = MeshError.from(cause)
  return {
    severity: 'note',
    what: `engine ${engine} can't be offered here: ${message}`,
    why: 'jobs for it go to other machines, which need to have it; engines javascript and wasm need nothing',
    remedy: hint === undefined ? command : `${command} (${hint})`
  }
}
