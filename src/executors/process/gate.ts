/**
 * The last step before a task's program: a shell in the task's place unpacks its input files, says that
 * all stands, and waits. At that moment nothing of the task runs yet, so the worker can put the
 * processes into their control group and take hold of the folder before anything can happen there.
 */
import { GATE_DESCRIPTORS } from './enclosure.ts'

/** `closed`: whatever was to be started never came to the gate. */
export type GateWord = 'ready' | 'unpacked nothing' | 'closed'

const { files, gate } = GATE_DESCRIPTORS
const READY = 'ready'
const FAILED = 'failed'

/** Becomes the program once the word comes; the descriptors end here, so the program has but its three. */
const WAIT = `echo ${READY} >&${gate} && read -r _ <&${gate} && exec "$@" ${files}<&- ${gate}<&-`
const UNPACK = `tar -xmf - <&${files} || { echo ${FAILED} >&${gate}; exit 1; }`

/** What stands between the limits and the program. */
export function gateCommand(hasFiles: boolean): string[] {
  return ['/bin/sh', '-c', hasFiles ? `${UNPACK}; ${WAIT}` : WAIT, 'sh']
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
