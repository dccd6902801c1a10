/**
 * The last step before a task's program: a shell in the task's place unpacks its input files, says that
 * all stands, and waits. At that moment nothing of the task runs yet, so the worker can put the
 * processes into their control group and take hold of the folder before anything can happen there.
 */
import { GATE_DESCRIPTORS } from './enclosure.ts'

/** `closed`: whatever was to be started never came to the gate. */
export type GateWord = 'ready' | 'unpacked nothing' | 'closed'

export interface GateInit {
  hasFiles: boolean
  /** What the program reads from; undefined: nothing. */
  stdinPath: string | undefined
}

const { files, gate } = GATE_DESCRIPTORS
const READY = 'ready'
const FAILED = 'failed'

/**
 * Becomes the program once the word comes; the descriptors end here, so the program has but its three.
 * It reads from a file that it can seek in and open again, as from a shell's `<`.
 */
const WAIT = `echo ${READY} >&${gate} && read -r _ <&${gate} && exec "$@" <"$stdin" ${files}<&- ${gate}<&-`
/** Without the task's variables: `TAR_OPTIONS` would have it start programs, before anything holds them. */
const UNPACK = `env -i tar -xmf - <&${files} || { echo ${FAILED} >&${gate}; exit 1; }`

/** What stands between the limits and the program. */
export function gateCommand({ hasFiles, stdinPath = '/dev/null' }: GateInit): string[] {
  const steps = ['stdin=$1', 'shift', ...(hasFiles ? [UNPACK] : []), WAIT]
  return ['/bin/sh', '-c', steps.join('; '), 'sh', stdinPath]
}

export function readGateWord(text: string): GateWord {
  switch (text.trim()) {
    case READY:
      return 'ready'
    case FAILED:
      return 'unpacked nothing'
    default:
      return 'closed'
  }
}
