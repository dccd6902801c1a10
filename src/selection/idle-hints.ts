/** What the owner of a worker can do about the reason for which most tasks went elsewhere. */
import type { RefusalCode } from './rule.ts'
import type { PlaceCode, RoomCode } from './reasons.ts'

type Reason = { code: string; example: string }

/** The first reason is the most frequent. Null where there is none, or nothing to be done. */
export function idleHint({ reasons }: { reasons: readonly Reason[] }): string | null {
  const [first] = reasons
  if (first === undefined) return null
  const hint = HINTS.get(first.code)
  return hint === undefined ? null : typeof hint === 'string' ? hint : hint(first.example)
}

type Hint = string | ((example: string) => string)

const HINTS: ReadonlyMap<string, Hint> = new Map<RefusalCode | PlaceCode | RoomCode, Hint>([
  ['WORKER_STOPPING', 'it is stopping: start it again'],
  ['WORKER_DRAINING', 'it is drained: taskmesh node uncordon takes it back into service'],
  ['WORKER_CORDONED', 'it is cordoned: taskmesh node uncordon takes it back into service'],
  ['SUSPECTED', 'it does not answer in time: look at its log and its path (taskmesh peers)'],
  ['QUARANTINED', 'a result of it was wrong: see taskmesh reputation show with its peer id'],
  ['FIGURES_ABSURD', 'its figures make no sense: see taskmesh node describe'],
  ['OWNER_LIMITS', 'its owner limits what this router may ask for: see its --router-limit'],
  [
    'ENGINE_MISSING',
    (example) => `it ${wordsOf(example)}: start it with --engine ${nameIn(example, 'engine')}`
  ],
  ['FUNCTION_MISSING', 'it lacks a function that tasks name: give it one with --functions'],
  [
    'PROGRAM_MISSING',
    (example) => `it ${wordsOf(example)}: allow it with --allow ${nameIn(example, 'program')}`
  ],
  ['IMAGE_MISSING', 'it lacks an image that tasks name: pull it there'],
  ['NETWORK_REFUSED', 'tasks ask for the network: allow it there if you will'],
  ['CPU_TOO_SMALL', 'tasks ask for more CPU cores than it has'],
  ['MEMORY_TOO_SMALL', 'tasks ask for more memory than it offers'],
  ['DISK_TOO_SMALL', 'tasks ask for more disk than is free there'],
  ['GPU_TOO_FEW', 'tasks ask for GPUs that it does not offer'],
  [
    'CONDITION_UNMET',
    (example) => `jobs ask for what it does not say of itself: it ${wordsOf(example)}`
  ],
  ['LATENCY_TOO_HIGH', 'jobs want workers nearer to the router'],
  ['REPUTATION_TOO_LOW', 'jobs want a better reputation: it grows with tasks done well'],
  ['EVIDENCE_TOO_LITTLE', 'jobs want proven workers: two tasks in a hundred go to newcomers'],
  ['NOT_TRUSTED', 'its results are still checked: ten right ones make it trusted'],
  ['ON_PROBATION', 'its results are still checked: ten right ones make it trusted'],
  ['UNRELIABLE', 'it loses too many tasks to check those of others: steady work mends that'],
  ['NOT_AMONG_BEST', 'others are done sooner: it gets tasks when they are busy'],
  [
    'NOT_DRAWN',
    'tasks were drawn for others, the cheaper the likelier: with more work it gets its share'
  ],
  ['SLOTS_TAKEN', 'it is full: more --slots if the machine bears them'],
  ['QUEUE_TAKEN', 'it is full, and enough waits there: more --slots if the machine bears them'],
  ['MEMORY_TAKEN', 'its memory is taken: fewer --slots, or more memory'],
  ['GPUS_TAKEN', 'its GPUs are taken'],
  ['ALLOWANCE_TAKEN', 'its owner lets this router have no more at once: see its --router-limit']
])

/** The first of several refusals, without what the worker has instead. */
function wordsOf(example: string): string {
  return (example.split('; ')[0] ?? '').replace(/ \(.*\)$/, '')
}

/** `lacks engine process (offers none)` → `process` */
function nameIn(example: string, noun: string): string {
  return new RegExp(`${noun} (\\S+)`).exec(example)?.[1] ?? noun.toUpperCase()
}
