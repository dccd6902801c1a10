/**
 * Every operation of the API, once. The rule of the scopes: `read` changes nothing; `submit` adds (jobs,
 * files) and acts on what it has handed in itself; `operate` takes away what others may rely on, changes
 * the mesh, or hands out rights.
 */
import { LIMITS } from '../core/limits.ts'
import { PIECE_BYTES_MAX } from '../files/content/piece-plan.ts'
import { QUERIES } from './parameters.ts'
import {
  BYTES,
  JOB_DOCUMENT,
  answer,
  json,
  listOf,
  nothing,
  one,
  operation,
  schemaOf
} from './operation.ts'
import type { AvailabilityRequest } from '../model/generated/api-availability.ts'
import type { BackupRequest } from '../model/generated/api-backup-request.ts'
import type { FileFetchRequest } from '../model/generated/api-file-fetch.ts'
import type { FilePinRequest } from '../model/generated/api-file-pin.ts'
import type { FileUploadRequest } from '../model/generated/api-file-upload-request.ts'
import type { HoldRequest } from '../model/generated/api-hold.ts'
import type { RecipePublication } from '../model/generated/api-recipe-publication.ts'
import type { RerunRequest } from '../model/generated/api-rerun.ts'
import type { StopRequest } from '../model/generated/api-stop.ts'
import type { TokenRequest } from '../model/generated/api-token-request.ts'

/** A hash in hex, with its quotes and its comma. */
const HASH_LETTERS = 68
/** The largest manifest, and its name. */
const ANNOUNCEMENT_BYTES_MAX = LIMITS.filePiecesMax * HASH_LETTERS + 65_536

const JOB_OR_JOBS = {
  anyOf: [schemaOf('api/job'), { type: 'array', items: schemaOf('api/job') }]
}
const FILE_BYTES = { type: 'string', contentMediaType: 'application/octet-stream' }
/** Head, sums, each outcome, scores, signature. */
const EXPORT_LINES = [
  'reputation-export',
  'evidence-checkpoint',
  'evidence-entry',
  'reputation-export#/$defs/scores',
  'reputation-export#/$defs/seal'
]
const OCTETS = 'application/octet-stream'
const NDJSON = 'application/x-ndjson'
const EVENT_STREAM = 'text/event-stream'

const JOBS = {
  submitJob: operation('submit', 'POST /v1/jobs', {
    summary: 'Hand in a job, or a graph of jobs; an Idempotency-Key header is its key',
    body: JOB_DOCUMENT,
    bodyBytesMax: LIMITS.submissionBytesMax,
    answers: {
      201: answer('It is on disk', 'application/json', JOB_OR_JOBS),
      200: one('api/job', 'Its key was submitted before')
    }
  }),
  planJob: operation('submit', 'POST /v1/jobs/plan', {
    summary: 'Where a job would go now',
    query: QUERIES.plan,
    body: JOB_DOCUMENT,
    bodyBytesMax: LIMITS.submissionBytesMax,
    answers: { 200: one('api/plan') }
  }),
  listJobs: operation('read', 'GET /v1/jobs', {
    summary: 'Jobs, newest first, or by their ends',
    query: QUERIES.jobs,
    answers: { 200: listOf('api/job') }
  }),
  describeJob: operation('read', 'GET /v1/jobs/:id', {
    summary: 'One job; any unique prefix of its id does',
    answers: { 200: one('api/job') }
  }),
  readDocument: operation('read', 'GET /v1/jobs/:id/document', {
    summary: 'The document of a job, as it was submitted',
    answers: { 200: one('job') }
  }),
  waitForJob: operation('read', 'GET /v1/jobs/:id/wait', {
    summary: 'One job, once it has ended or is held, or the time is up',
    query: QUERIES.wait,
    answers: { 200: one('api/job') }
  }),
  listItems: operation('read', 'GET /v1/jobs/:id/items', {
    summary: 'The items of a job, with results',
    query: QUERIES.items,
    answers: { 200: listOf('api/job#/$defs/item') }
  }),
  listAttempts: operation('read', 'GET /v1/jobs/:id/attempts', {
    summary: 'What was tried',
    query: QUERIES.attempts,
    answers: { 200: listOf('api/job#/$defs/attempt') }
  }),
  readHistory: operation('read', 'GET /v1/jobs/:id/history', {
    summary: 'Everything that happened to a job, oldest first',
    query: QUERIES.history,
    answers: { 200: listOf('api/job#/$defs/historyRow', 'All of it') }
  }),
  listReceipts: operation('read', 'GET /v1/jobs/:id/receipts', {
    summary: 'What router and workers have signed of each attempt',
    query: QUERIES.receipts,
    answers: { 200: listOf('api/receipt') }
  }),
  explainJob: operation('read', 'GET /v1/jobs/:id/explain', {
    summary: 'Why a worker was chosen',
    query: QUERIES.explain,
    answers: { 200: one('decision') }
  }),
  readLog: operation('read', 'GET /v1/jobs/:id/logs', {
    summary: 'What a task wrote; with follow=true as server-sent events, each a part of the log',
    query: QUERIES.log,
    answers: { 200: one('api/log') }
  }),
  stopJob: operation('submit', 'POST /v1/jobs/:id/stop', {
    summary: 'Stop a job: one of your own, or any with scope operate',
    body: json<StopRequest>('api/stop', { isOptional: true }),
    answers: { 200: one('api/job') }
  }),
  holdJob: operation('submit', 'POST /v1/jobs/:id/hold', {
    summary: 'Let nothing more of a job begin: of your own, or of any with scope operate',
    body: json<HoldRequest>('api/hold', { isOptional: true }),
    answers: { 200: one('api/job') }
  }),
  releaseJob: operation('submit', 'POST /v1/jobs/:id/release', {
    summary: 'Let a job go on that is held: one of your own, or any with scope operate',
    answers: { 200: one('api/job') }
  }),
  rerunJob: operation('submit', 'POST /v1/jobs/:id/rerun', {
    summary:
      'Run an ended job again, as a new job of your own; an Idempotency-Key header is its key',
    body: json<RerunRequest>('api/rerun', { isOptional: true }),
    // A field to change may be a whole task with its source.
    bodyBytesMax: 2 * LIMITS.taskBytesMax,
    answers: { 201: one('api/job', 'The new job') }
  })
} as const

const FILES = {
  listFiles: operation('read', 'GET /v1/files', {
    summary: 'The files that the namespace offers',
    query: QUERIES.files,
    answers: { 200: listOf('api/file') }
  }),
  describeFile: operation('read', 'GET /v1/files/:id', {
    summary: 'One file: who has it, and how fetching it goes; any unique prefix of its id does',
    answers: { 200: one('api/file') }
  }),
  readFile: operation('read', 'GET /v1/files/:id/content', {
    summary: 'The bytes of a file, fetched from the mesh if they are not here; takes Range',
    answers: {
      200: answer('All of it', OCTETS, FILE_BYTES),
      206: answer('The stretch that the Range header names', OCTETS, FILE_BYTES),
      304: nothing('The asker has it: If-None-Match names its ETag'),
      416: nothing('The file is shorter than that')
    }
  }),
  listEntries: operation('read', 'GET /v1/files/:id/entries', {
    summary: 'What is in a folder',
    query: QUERIES.page,
    answers: { 200: listOf('folder-manifest#/$defs/entry') }
  }),
  announceFile: operation('submit', 'POST /v1/files', {
    summary: 'Announce a file; the answer says which pieces are to be handed in',
    body: json<FileUploadRequest>('api/file-upload-request', { isOptional: true }),
    bodyBytesMax: ANNOUNCEMENT_BYTES_MAX,
    answers: {
      201: one('api/file-upload', 'These pieces are missing'),
      200: one('api/file-upload', 'It is here already')
    }
  }),
  putPiece: operation('submit', 'PUT /v1/files/:id/pieces/:index', {
    summary: 'One piece of a file that was announced, as bytes',
    body: BYTES,
    bodyBytesMax: PIECE_BYTES_MAX,
    answers: { 204: nothing('It is here') }
  }),
  pinFile: operation('submit', 'POST /v1/files/:id/pin', {
    summary: "Keep the router's copy of a file",
    body: json<FilePinRequest>('api/file-pin', { isOptional: true }),
    answers: { 200: one('api/file') }
  }),
  unpinFile: operation('operate', 'DELETE /v1/files/:id/pin', {
    summary: "Let the router's copy of a file go when room is needed",
    answers: { 200: one('api/file') }
  }),
  verifyFile: operation('submit', 'POST /v1/files/:id/verify', {
    summary: "Read the router's copy of a file anew; 202 while that goes on",
    query: QUERIES.wait,
    answers: {
      200: one('api/file-check'),
      202: one('api/file-check', 'It goes on; ask again')
    }
  }),
  fetchFile: operation('submit', 'POST /v1/files/:id/fetch', {
    summary: 'Have the router fetch a file, or a folder with all that is in it',
    body: json<FileFetchRequest>('api/file-fetch', { isOptional: true }),
    answers: { 200: one('api/file', 'It is here'), 202: one('api/file', 'It is on its way') }
  }),
  removeFile: operation('operate', 'DELETE /v1/files/:id', {
    summary: "Delete the router's copy of a file",
    answers: { 204: nothing('It is gone') }
  })
} as const

const MESH = {
  listNodes: operation('read', 'GET /v1/nodes', {
    summary: 'The workers that the router knows',
    query: QUERIES.nodes,
    answers: { 200: listOf('api/node') }
  }),
  describeNode: operation('read', 'GET /v1/nodes/:peer', {
    summary: 'One worker, by any unique beginning or end of its PeerId',
    answers: { 200: one('api/node') }
  }),
  setAvailability: operation('operate', 'POST /v1/nodes/:peer/availability', {
    summary: 'Cordon a worker, drain it, or open it again',
    body: json<AvailabilityRequest>('api/availability'),
    answers: { 200: one('api/node') }
  }),
  readOverview: operation('read', 'GET /v1/overview', {
    summary: 'What there is and what goes on, in numbers, and what your token allows',
    answers: { 200: one('api/overview') }
  }),
  readSeries: operation('read', 'GET /v1/series', {
    summary: 'How it went over time: in steps of 5 s up to an hour, of 2 min up to a day',
    query: QUERIES.series,
    answers: { 200: one('api/series') }
  }),
  readMap: operation('read', 'GET /v1/map', {
    summary: 'The mesh as a graph: who is there, and who is connected to whom',
    answers: { 200: one('api/map') }
  }),
  watchLive: operation('read', 'GET /v1/live', {
    summary:
      'All of that as server-sent events: first the whole, then what changes, once a second at most',
    answers: { 200: answer('Messages, each an object', EVENT_STREAM, schemaOf('api/live')) }
  }),
  listRouters: operation('read', 'GET /v1/routers', {
    summary: 'The routers of the namespace that this node knows, itself among them if it is one',
    query: QUERIES.routers,
    answers: { 200: listOf('api/router') }
  }),
  listPeers: operation('read', 'GET /v1/peers', {
    summary: 'The peers that the router is connected to',
    query: QUERIES.peers,
    answers: { 200: listOf('api/peer') }
  }),
  readSecurity: operation('operate', 'GET /v1/security', {
    summary: 'What the router is in its mesh, and what peers have done wrong',
    answers: { 200: one('api/security') }
  }),
  listDecisions: operation('read', 'GET /v1/decisions', {
    summary: 'The decision records of all jobs',
    query: QUERIES.decisions,
    answers: { 200: listOf('decision') }
  }),
  explainIdle: operation('read', 'GET /v1/idle-reasons', {
    summary: 'Why tasks went elsewhere, by worker, in the last hour at most',
    query: QUERIES.idleReasons,
    answers: { 200: one('api/idle-reasons') }
  }),
  readWeights: operation('read', 'GET /v1/weights', {
    summary: 'What counts when a worker is chosen',
    answers: { 200: one('api/weights') }
  }),
  listReputation: operation('read', 'GET /v1/reputation', {
    summary: 'What this router has seen of workers, best first',
    query: QUERIES.reputation,
    answers: { 200: listOf('api/reputation') }
  }),
  exportReputation: operation('read', 'GET /v1/reputation/export', {
    summary: 'The evidence, signed, for anyone to count again',
    query: QUERIES.export,
    answers: {
      200: answer('Lines of JSON, each one of these', NDJSON, { anyOf: EXPORT_LINES.map(schemaOf) })
    }
  }),
  describeReputation: operation('read', 'GET /v1/reputation/:peer', {
    summary: 'What this router has seen of one worker, now or at a moment',
    query: QUERIES.reputationAt,
    answers: { 200: one('api/reputation') }
  }),
  listEvidence: operation('read', 'GET /v1/reputation/:peer/evidence', {
    summary: 'What that was counted from, newest first',
    query: QUERIES.page,
    answers: { 200: listOf('evidence-entry') }
  }),
  listSuspects: operation('read', 'GET /v1/reputation/:peer/suspects', {
    summary: 'Results to doubt after a wrong one',
    query: QUERIES.suspects,
    answers: { 200: listOf('evidence-entry') }
  })
} as const

const ROUTER = {
  watchEvents: operation('read', 'GET /v1/events', {
    summary: 'Everything that happens, as server-sent events with numbers to resume from',
    query: QUERIES.events,
    answers: { 200: answer('Events, each an object', EVENT_STREAM, schemaOf('api/event')) }
  }),
  backupStore: operation('operate', 'POST /v1/store/backup', {
    summary: "Copy the job store, beside it or into a file on the router's machine",
    body: json<BackupRequest>('api/backup-request', { isOptional: true }),
    answers: { 200: one('api/backup') }
  }),
  createToken: operation('operate', 'POST /v1/tokens', {
    summary: 'Make a named token; the answer is the only one that has it',
    body: json<TokenRequest>('api/token-request'),
    answers: { 201: one('api/token') }
  }),
  listTokens: operation('operate', 'GET /v1/tokens', {
    summary: 'The named tokens, without the tokens themselves',
    answers: { 200: listOf('api/token', 'All of them') }
  }),
  revokeToken: operation('operate', 'DELETE /v1/tokens/:id', {
    summary: 'Revoke a named token, at once',
    answers: { 200: one('api/token', 'What it was') }
  }),
  describeApi: operation('read', 'GET /v1/openapi.json', {
    summary: 'This description',
    answers: { 200: answer('An OpenAPI document', 'application/json', { type: 'object' }) }
  }),
  readMetrics: operation('read', 'GET /v1/metrics', {
    summary: 'What the node keeps count of, for Prometheus',
    answers: { 200: answer('Its text format', 'text/plain', { type: 'string' }) }
  }),
  // A supervisor asks it, and it says nothing of jobs.
  checkHealth: operation(undefined, 'GET /v1/health', {
    summary: 'Whether the router can do its work',
    answers: { 200: one('api/health') }
  })
} as const

const RECIPES = {
  listRecipes: operation('read', 'GET /v1/recipes', {
    summary: 'The recipes of the namespace, by name, without their jobs',
    query: QUERIES.page,
    answers: { 200: listOf('api/recipe') }
  }),
  describeRecipe: operation('read', 'GET /v1/recipes/:name', {
    summary: 'One recipe, with its job; name@author where two authors use one name',
    answers: { 200: one('api/recipe') }
  }),
  publishRecipe: operation('submit', 'POST /v1/recipes', {
    summary: 'Publish a recipe, or take one back, as its author has signed it',
    body: json<RecipePublication>('api/recipe-publication'),
    answers: { 201: one('api/recipe', 'It is on disk'), 204: nothing('It is taken back') }
  }),
  removeRecipe: operation('operate', 'DELETE /v1/recipes/:name', {
    summary: 'Have this router show a recipe no more, whoever its author is',
    answers: { 204: nothing('It is not shown any more') }
  })
} as const

const AS_ANSWERED = { 200: answer('As that router answers', OCTETS, {}) }

/** Word for word that router's own: bodies and answers are as it has them. */
const OTHERS = {
  readFromRouter: operation('read', 'GET /v1/routers/:peer/*', {
    summary:
      'Ask a router of the mesh; `Router-Authorization: Bearer TOKEN` shows it a token of its own',
    answers: AS_ANSWERED
  }),
  postToRouter: operation('submit', 'POST /v1/routers/:peer/*', {
    summary: 'Have a router of the mesh do something',
    body: BYTES,
    answers: AS_ANSWERED
  }),
  putToRouter: operation('submit', 'PUT /v1/routers/:peer/*', {
    summary: 'Give a router of the mesh something',
    body: BYTES,
    answers: AS_ANSWERED
  }),
  deleteAtRouter: operation('submit', 'DELETE /v1/routers/:peer/*', {
    summary: 'Take something away at a router of the mesh',
    answers: AS_ANSWERED
  })
} as const

export const OPERATIONS = { ...JOBS, ...FILES, ...MESH, ...RECIPES, ...ROUTER, ...OTHERS } as const
