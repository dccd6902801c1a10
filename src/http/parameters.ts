/** The query parameters of the operations that have some. */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { JOB_SORTS } from '../jobs/job-order.ts'
import { nearestName } from '../model/validate.ts'
import { WORK_STATES } from '../model/worker-list.ts'
import { duration, integer, labels, list, moment, oneOf, pageLimit, text } from './query.ts'
import type { MeshEvent } from '../model/generated/api-event.ts'
import type { PeerView } from '../model/generated/api-peer.ts'
import type { QueryReader } from './query.ts'

type EventType = MeshEvent['type']

const JOB_STATES = [
  'pending',
  'queued',
  'running',
  'completed',
  'failed',
  'stopped',
  'held'
] as const

const EVENT_TYPES = [
  'gap',
  'job:submitted',
  'job:changed',
  'job:ended',
  'item:ended',
  'attempt:changed',
  'attempt:progress',
  'node:joined',
  'node:changed',
  'node:left',
  'peer:connected',
  'peer:measured',
  'peer:rerouted',
  'peer:disconnected'
] as const satisfies readonly EventType[]

/** What `types` may name: one type, or all of one area. */
const TYPE_NAMES = [
  ...new Set(EVENT_TYPES.flatMap((type) => [type, type.split(':', 1)[0] as string]))
]

/** The longest a request may wait; the server's idle limit for connections stands above it. */
export const WAIT_TEXT_MAX = '10m'

/** A caller that names no time gets its answer before any proxy loses patience. */
const WAIT_TEXT_DEFAULT = '30s'

/** More lines than a captured log can have. */
const TAIL_LINES_MAX = LIMITS.logBytesMax

/** Longer ones are in no name. */
const SEARCH_LETTERS_MAX = 100

const JOB_SEARCH =
  'The beginning of an id (`j-7m2`), or a part of a name, in capitals or not. A page that has fewer rows than `limit` and a Link header was not at the end: so many names are looked at for a page.'

/** How a peer is reached. */
const PATHS = [
  'local',
  'lan',
  'direct',
  'punched',
  'relayed'
] as const satisfies readonly PeerView['path'][]

const itemIndex = integer({ min: 0, max: LIMITS.jobItemsMax })
const attempt = integer({ min: 1, max: LIMITS.attemptsMax })
const wait = { timeout: duration({ default: WAIT_TEXT_DEFAULT, max: WAIT_TEXT_MAX }) }
const page = { after: text(), limit: pageLimit() }
/** All of them, as far as a page goes: lists of nodes are short. */
const fewRows = { after: text(), limit: pageLimit(LIMITS.pageRowsMax) }

/** The number of the last event that a reader has. */
export const EVENT_NUMBER = integer({ min: 0, max: Number.MAX_SAFE_INTEGER })

export const QUERIES = {
  jobs: {
    state: oneOf(JOB_STATES),
    label: labels(LIMITS.labelsMax),
    submitter: text(),
    parent: text(),
    since: moment(),
    q: searchText(JOB_SEARCH),
    sort: oneOf(JOB_SORTS),
    ...page
  },
  plan: { all: oneOf(['true', 'false']) },
  wait,
  items: { state: oneOf(JOB_STATES), after: itemIndex, limit: pageLimit() },
  attempts: { item: text(), after: itemIndex, limit: pageLimit() },
  history: { item: text() },
  receipts: { item: text(), attempt, after: itemIndex, limit: pageLimit() },
  explain: { item: text(), attempt, why_not: text() },
  log: {
    item: text(),
    attempt,
    tail: integer({ min: 0, max: TAIL_LINES_MAX }),
    stream: oneOf(['out', 'err']),
    follow: oneOf(['true', 'false'])
  },
  events: { after: EVENT_NUMBER, job: text(), types: eventTypes() },
  files: { name: text(), sort: oneOf(['name', 'id']), ...page },
  page,
  nodes: {
    require: list(LIMITS.labelsMax),
    state: oneOf(WORK_STATES),
    q: searchText('A part of a PeerId or of a label, `zone=home`, in capitals or not.'),
    sort: oneOf(['-score', 'id']),
    ...fewRows
  },
  peers: {
    direction: oneOf(['inbound', 'outbound']),
    path: oneOf(PATHS),
    q: searchText('A part of a PeerId, of an address or of an agent, in capitals or not.'),
    ...fewRows
  },
  routers: { q: searchText('A part of a PeerId or of a name, in capitals or not.'), ...fewRows },
  // Each is some ten KiB.
  decisions: {
    since: moment(),
    after: text(),
    limit: pageLimit(LIMITS.decisionRowsMax, LIMITS.decisionRowsMax)
  },
  idleReasons: { peer: text(), since: duration({ default: '1h', max: '1h' }) },
  reputation: fewRows,
  reputationAt: { as_of: moment() },
  suspects: { after: integer({ min: 0, max: 1e9 }), limit: pageLimit() },
  export: { peer: text() },
  series: { span: duration({ default: '15m', max: '24h' }) }
} as const

/** What rows are looked for by. */
function searchText(description: string): QueryReader<string | undefined> {
  const { read, schema } = text()
  return {
    schema: { ...schema, maxLength: SEARCH_LETTERS_MAX, description },
    read: (texts, name, clock) => {
      const value = read(texts, name, clock)
      if (value === undefined || value.length <= SEARCH_LETTERS_MAX) return value
      throw new MeshError('FIELD_INVALID', `the query parameter "${name}" is too long`, {
        path: name,
        hint: `${SEARCH_LETTERS_MAX} letters at most`
      })
    }
  }
}

/** `types=peer`, `types=job:ended`, several times for several. */
function eventTypes(): QueryReader<readonly string[]> {
  const { read, schema } = list(TYPE_NAMES.length)
  return {
    schema: { ...schema, items: { enum: TYPE_NAMES } },
    read: (texts, name, clock) => {
      const types = read(texts, name, clock)
      const unknown = types.find((type) => !TYPE_NAMES.includes(type))
      if (unknown === undefined) return types
      const nearest = nearestName(unknown, TYPE_NAMES)
      throw new MeshError('FIELD_INVALID', `there are no events of type "${unknown}"`, {
        path: name,
        hint:
          nearest === undefined ? `known: ${TYPE_NAMES.join(', ')}` : `did you mean "${nearest}"?`
      })
    }
  }
}
