/**
 * Tries the engine once with all that a real task gets. Whether the tools are installed says little:
 * kernels, distributions and containers each forbid other parts of a sandbox. A task that could do
 * what it must not makes the probe fail like one that could not run.
 */
import { MeshError } from '../../core/errors.ts'
import type { ShownPath } from './shown-paths.ts'
import type { Isolation } from '../../model/isolation.ts'
import type { ProcessTerms } from './process-run.ts'
import type { ProgramRequest } from './program-child.ts'
import type { TaskOutcome } from '../executor.ts'

const SHELL = '/bin/sh'
/** Each line names what was wrong, on standard error. */
const SANDBOX_SCRIPT = `
fail () { echo "the sandbox does not hold: $1" >&2; exit 1; }
[ "$(id -u)" != 0 ] || fail 'tasks are root'
[ "$(cat in)" = here ] || fail 'input files do not arrive'
for path in /usr /etc /proc/sys/kernel/core_pattern /proc/sys/kernel /; do
  [ ! -w "$path" ] || fail "$path can be written"
done
for path in "$@"; do
  [ ! -e "$path" ] || fail "$path can be seen"
done
[ "$(wc -l </proc/net/dev)" -le 3 ] || fail 'there is a network'
for path in /work /tmp /dev/shm; do echo there >"$path/out" || fail "$path cannot be written"; done
`
const BARE_SCRIPT = '[ "$(id -u)" != 0 ] && echo there >out'
/** Nothing of these is there, unless the owner shows something that lies in them. */
const HIDDEN = ['/root', '/home', '/var', '/run', '/etc/shadow']
const TIMEOUT_MS = 10_000
const MEMORY_BYTES = 64 * 2 ** 20

/** @throws MeshError ENGINE_UNAVAILABLE */
export async function probe(
  { isolation, shown }: { isolation: Isolation; shown: readonly ShownPath[] },
  run: (request: ProgramRequest, terms: ProcessTerms) => Promise<TaskOutcome>
): Promise<void> {
  const script = isolation === 'sandbox' ? SANDBOX_SCRIPT : BARE_SCRIPT
  const { error, output } = await run(
    {
      program: SHELL,
      argv: [SHELL, '-c', script, SHELL, ...hiddenBeside(shown)],
      env: {},
      stdin: undefined,
      files: new Map([['in', Buffer.from('here\n')]]),
      outputs: ['out']
    },
    {
      memoryBytesMax: MEMORY_BYTES,
      timeoutMs: TIMEOUT_MS,
      cpuCores: undefined,
      diskBytesMax: undefined,
      network: false,
      origin: undefined,
      seed: '',
      submittedAtMs: 0,
      gpus: [],
      killSignal: new AbortController().signal,
      signal: new AbortController().signal,
      inputs: [],
      outputs: [],
      onLog: () => {},
      onOutput: async () => {}
    }
  )
  if (error === undefined && output?.includes('"text":"there\\n"') === true) return
  throw new MeshError(
    'ENGINE_UNAVAILABLE',
    `programs can't be run here: ${error?.message ?? 'outputs do not come back'}`,
    {
      hint: 'it needs bubblewrap 0.8 or newer, and user namespaces that an AppArmor profile or a container may forbid',
      cause: error
    }
  )
}

function hiddenBeside(shown: readonly ShownPath[]): string[] {
  return HIDDEN.filter((path) => !shown.some(([own]) => `${own}/`.startsWith(`${path}/`)))
}
