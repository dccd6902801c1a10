/**
 * The one table of what a node tells Prometheus of itself. Each label has a closed set of values, of our own
 * making: no peer, job or name that a stranger chose is ever one, so that nobody but us makes series. What fits no
 * set is told as `other`. docs/monitoring.md is held to this table.
 */
import { ERROR_CATALOGUE } from '../core/errors.ts'

/** Letters alone, as operations and commands are named in our own tables; an id of a peer or a job has digits. */
export const OWN_NAME: RegExp = /^[A-Za-z_]{1,40}$/

export interface MetricSpec {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  /** The values that each label may have. */
  readonly labels: Readonly<Record<string, readonly string[] | RegExp>>
}

const CODES = Object.keys(ERROR_CATALOGUE)
/** How something ended: well, or by which error. */
const ENDS = ['ok', ...CODES]
const BLAMES = ['worker', 'owner', 'network', 'router', 'job', 'caller', 'none']
const ENGINES = ['builtin', 'javascript', 'wasm', 'process', 'container', 'function', 'storage']
const OFFENCES =
  'frame oversized impersonation record gossip introduction text stall flood excess'.split(' ')
const STATUSES = [200, 201, 202, 204, 206, 304, 400, 404, 405, 413, 416, 429, 431, 500, 503]
  .concat(Object.values(ERROR_CATALOGUE).map(({ httpStatus }) => httpStatus))
  .map(String)

export const METRICS = {
  taskmesh_node_info: gauge('Always 1; the version of taskmesh and of Node.js, and the role.', {
    version: /^[\w.+-]{1,40}$/,
    node: /^v[\d.]{1,20}$/,
    role: ['bootstrap', 'worker', 'router', 'share', 'monitor']
  }),
  taskmesh_node_uptime_seconds: gauge('Since the node was started.'),

  taskmesh_network_peers: gauge('Connected peers, by the best way to each.', {
    path: ['local', 'lan', 'direct', 'punched', 'relayed']
  }),
  taskmesh_network_strangers: gauge('Connected peers that have shown no certificate yet.'),
  taskmesh_network_latency_seconds: gauge('Round trip to connected peers: median and longest.', {
    of: ['median', 'longest']
  }),
  taskmesh_network_known_peers: gauge('Peers whose addresses are remembered.'),
  taskmesh_network_offences_total: counter('What peers have done wrong, by what it was.', {
    offence: OFFENCES
  }),
  taskmesh_network_shuns_total: counter('Times that a peer was shut out for what it did.'),
  taskmesh_network_shunned_peers: gauge('Peers that are shut out now.'),
  taskmesh_network_refused_connections_total: counter('Connections refused or ended, by why.', {
    reason: ['shunned', 'excess', 'pending', 'strangers']
  }),
  taskmesh_network_relay_addresses: gauge('Places that this node holds at relays.'),

  taskmesh_dht_routing_peers: gauge('Peers in the routing table of the DHT.'),
  taskmesh_dht_provider_records: gauge('Provider records that others have stored here.'),
  taskmesh_gossip_peers: gauge('Peers that speak gossip with this node.'),
  taskmesh_gossip_topics: gauge('Topics that this node listens to.'),
  taskmesh_gossip_mesh_peers: gauge('Neighbours over all topics that this node listens to.'),

  taskmesh_relay_places: gauge('Nodes that hold a place at this relay.'),
  taskmesh_relay_places_limit: gauge('Places that this relay gives away at most.'),
  taskmesh_relay_circuits: gauge('Relayed connections through this relay.'),
  taskmesh_relay_bytes_total: counter('Bytes that this relay has passed on.'),

  taskmesh_session_open: gauge('Open sessions with other nodes.'),
  taskmesh_session_opened_total: counter('Sessions that have come about.'),
  taskmesh_session_closed_total: counter('Peers with which the last session has ended, by why.', {
    code: CODES
  }),
  taskmesh_session_waiting_requests: gauge('Requests to others that wait for their answers.'),
  taskmesh_session_waiting_bytes: gauge('Bytes that wait until the other end reads.'),
  taskmesh_command_answers_total: counter('Commands of others that were answered.', {
    command: OWN_NAME
  }),
  taskmesh_command_refusals_total: counter('Of those, answers that are an error, by its code.', {
    code: CODES
  }),

  taskmesh_discovery_workers: gauge('Workers known to this node; those ready have a session.', {
    state: ['known', 'ready']
  }),
  taskmesh_discovery_slots: gauge(
    'Slots of all workers that are ready, and those that are taken.',
    {
      state: ['total', 'running']
    }
  ),
  taskmesh_discovery_waiting_tasks: gauge('Tasks that wait at workers for a slot.'),

  taskmesh_job_open: gauge('Jobs that have not ended and wait for nothing but workers.'),
  taskmesh_job_submitted_total: counter('Jobs that came in.'),
  taskmesh_job_ended_total: counter('Jobs that have ended.', {
    state: ['completed', 'failed', 'stopped']
  }),
  taskmesh_job_duration_seconds: histogram('From a job coming in to its end.'),
  taskmesh_item_ended_total: counter('Items that have ended: well, or by which error.', {
    end: ENDS
  }),
  taskmesh_queue_items: gauge('Items of open jobs.', { state: ['queued', 'running', 'held'] }),
  taskmesh_queue_oldest_seconds: gauge('How long the item that waits longest has waited.'),
  taskmesh_queue_wait_seconds: histogram('From entering the queue to being sent to a worker.'),
  taskmesh_attempt_begun_total: counter('Attempts that were made, by why.', {
    role: ['primary', 'backup', 'check']
  }),
  taskmesh_attempt_ended_total: counter('Attempts that have ended: how, and whose doing it was.', {
    state: ['completed', 'failed', 'timed_out', 'stopped', 'lost', 'refused'],
    blame: BLAMES,
    code: ENDS
  }),
  taskmesh_attempt_duration_seconds: histogram('From sending a task to its end.'),
  taskmesh_decision_total: counter('Looks for a worker, by what came of them.', {
    outcome: ['chosen', 'none']
  }),

  taskmesh_worker_slots: gauge('Tasks that this worker runs at once.'),
  taskmesh_worker_tasks: gauge('Tasks here, by whether they have their slot.', {
    state: ['running', 'waiting']
  }),
  taskmesh_worker_availability: gauge('1 for what the worker is, 0 for the rest.', {
    state: ['open', 'cordoned', 'draining', 'stopping']
  }),
  taskmesh_worker_routers: gauge('Routers that have lately had tasks run here.'),
  taskmesh_task_ended_total: counter('Tasks that began here and have ended: how, by engine.', {
    engine: ENGINES,
    end: ENDS
  }),
  taskmesh_task_refused_total: counter('Tasks that never began here, by why.', { code: CODES }),
  taskmesh_task_phase_seconds: histogram('How long tasks were in each phase.', {
    phase: ['waiting', 'fetching', 'running', 'publishing']
  }),
  taskmesh_task_cpu_seconds_total: counter('Processor time of tasks, where the engine knows.', {
    engine: ENGINES
  }),
  taskmesh_sandbox_starts_total: counter('Sandbox processes that were started.', {
    engine: ENGINES
  }),
  taskmesh_sandbox_failed_starts_total: counter('Of those, ones that did not come up.', {
    engine: ENGINES
  }),
  taskmesh_sandbox_processes: gauge('Sandbox processes that live.', { engine: ENGINES }),

  taskmesh_reputation_workers: gauge('Workers of whom this router keeps a record.'),
  taskmesh_reputation_outcomes_total: counter('What was learnt of workers, by what it was.', {
    kind: ['completed', 'failed', 'right', 'wrong', 'outdone', 'lied', 'cleared']
  }),
  taskmesh_reputation_quarantined_workers: gauge('Workers that are kept from all work for now.'),

  taskmesh_http_requests_total: counter('Requests to the HTTP API, by operation and status.', {
    operation: OWN_NAME,
    status: STATUSES
  }),
  taskmesh_http_duration_seconds: histogram(
    'From a request to the end of its answer; who asks to wait, waits in it.',
    { operation: OWN_NAME }
  ),

  taskmesh_file_stored: gauge('Files that lie here whole.'),
  taskmesh_file_bytes: gauge('What they take: all, and those that this node keeps for the mesh.', {
    of: ['all', 'kept']
  }),
  taskmesh_file_budget_bytes: gauge('Room for what this node keeps for the mesh.'),
  taskmesh_file_downloads: gauge('Files that are being fetched.'),
  taskmesh_file_fetched_pieces_total: counter('Pieces that came from others, and fitted.'),
  taskmesh_file_fetched_bytes_total: counter('Bytes that came from others.'),
  taskmesh_file_given_bytes_total: counter('Bytes that were given to others.'),
  taskmesh_file_upload_streams: gauge('Peers that fetch from here.'),
  taskmesh_file_upload_waiting: gauge('Of those, peers that wait for their turn.')
} as const satisfies Readonly<Record<`taskmesh_${string}`, MetricSpec>>

export type MetricName = keyof typeof METRICS

/** Of what has no set of its own. */
export const OTHER = 'other'

function counter(help: string, labels: MetricSpec['labels'] = {}): MetricSpec {
  return { type: 'counter', help, labels }
}

function gauge(help: string, labels: MetricSpec['labels'] = {}): MetricSpec {
  return { type: 'gauge', help, labels }
}

function histogram(help: string, labels: MetricSpec['labels'] = {}): MetricSpec {
  return { type: 'histogram', help, labels }
}
