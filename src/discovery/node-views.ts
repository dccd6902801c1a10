/** Known workers as the API and FIND_NODES show them. */
import { MeshError } from '../core/errors.ts'
import { readFileId } from '../model/file-id.ts'
import { parseRequirement } from '../model/requirement.ts'
import { isOnTask, meets } from '../selection/placement-rules.ts'
import { shownShare } from '../reputation/score.ts'
import { weightedScore } from '../selection/scores.ts'
import { availabilityOf } from './worker-entry.ts'
import { withLoad } from './to-candidate.ts'
import { workStateOf } from '../model/worker-list.ts'
import type { Access } from '../protocol/access.ts'
import type { Candidate, Weights } from '../selection/candidate.ts'
import type { Clock } from '../core/clock.ts'
import type { Directory } from './directory.ts'
import type { FileCatalogue } from './file-catalogue.ts'
import type { FindNodesParams, FindNodesResult } from '../model/generated/commands-find-nodes.ts'
import type { NodeFilter } from '../model/worker-list.ts'
import type { NodeView } from '../model/generated/api-node.ts'
import type { PeerTracker } from '../network/paths/peer-tracker.ts'
import type { Reputation } from '../reputation/reputation.ts'
import type { Requirement } from '../model/requirement.ts'
import type { SetAvailabilityResult } from '../model/generated/commands-set-availability.ts'
import type { Standing } from './to-candidate.ts'
import type { WorkerEntry } from './worker-entry.ts'

export interface NodeViewsComponents {
  /** Of the workers that the directory has. */
  namespace: string
  access: Pick<Access, 'memberOf'>
  directory: Directory
  /** Who has which files. */
  files: Pick<FileCatalogue, 'has'>
  clock: Clock
  /** How each is reached. */
  tracker: Pick<PeerTracker, 'wayView'>
  standingOf: (peer: string) => Standing & Pick<Partial<Reputation>, 'quarantinedUntilMs'>
  /** Weights of the score that is shown. */
  weights: Weights
}

/** Answers to FIND_NODES list at most so many. */
const FOUND_NODES_MAX = 1_000

export class NodeViews {
  readonly #components: NodeViewsComponents

  constructor(components: NodeViewsComponents) {
    this.#components = components
  }

  /** Workers that are connected; of one state, also those that were. In no order. @throws MeshError FIELD_INVALID for a wrong condition */
  list({ require = [], state, text = '' }: NodeFilter): NodeView[] {
    const requirements = require.map(readCondition)
    const wanted = text.toLowerCase()
    const known = state === undefined ? this.#ready() : this.#withCandidates(this.#met())
    return known
      .filter(({ candidate }) =>
        requirements.every((each) => candidate !== undefined && meets(candidate, each))
      )
      .map(({ entry, candidate }) => this.#view(entry, candidate))
      .filter((view) => state === undefined || workStateOf(view) === state)
      .filter((view) => isNamed(view, wanted))
  }

  /** Workers that are ready. Who only counts them need not have all of them described. */
  get readyCount(): number {
    return this.#components.directory.candidates().length
  }

  /** All that were ever ready, ready now or not, in no order. */
  all(): NodeView[] {
    return this.#withCandidates(this.#met()).map(({ entry, candidate }) =>
      this.#view(entry, candidate)
    )
  }

  /** The same in brief: who there is, and how it does. */
  marks(): { peer_id: string; role: 'worker'; state: NodeView['state'] }[] {
    return this.#met().map((entry) => ({
      peer_id: entry.peer,
      role: 'worker',
      state: stateOf(entry)
    }))
  }

  /** The same in numbers, and the slots of those that are ready. */
  counts(): { byState: Record<string, number>; slots: { total: number; busy: number } } {
    const byState: Record<string, number> = {}
    const slots = { total: 0, busy: 0 }
    for (const entry of this.#met()) {
      const state = stateOf(entry)
      byState[state] = (byState[state] ?? 0) + 1
      if (entry.state !== 'ready') continue
      slots.total += entry.record?.slots ?? 0
      slots.busy += entry.work.report?.running ?? 0
    }
    return { byState, slots }
  }

  /** A worker of that peer id is known. */
  has(peer: string): boolean {
    return this.#components.directory.has(peer)
  }

  /**
   * One worker, by its peer id or any unique beginning or end of it, ready or not.
   * @throws MeshError NODE_NOT_FOUND, ID_AMBIGUOUS
   */
  describe(peer: string): NodeView {
    const matches = this.#components.directory
      .entries()
      .filter((entry) => entry.peer.startsWith(peer) || entry.peer.endsWith(peer))
    const [entry] = matches
    if (entry === undefined) {
      throw new MeshError('NODE_NOT_FOUND', `no worker "${peer}" is known here`, {
        hint: 'see `taskmesh node list`'
      })
    }
    if (matches.length > 1) {
      throw new MeshError('ID_AMBIGUOUS', `"${peer}" names ${matches.length} workers`, {
        hint: 'write more letters of its peer id'
      })
    }
    return this.#view(entry, this.#candidate(entry))
  }

  /** One worker that has just said whether it takes tasks. @throws as `describe` */
  answered(peer: string, answer: SetAvailabilityResult): NodeView {
    this.#components.directory.answered(peer, answer)
    const { availability, running } = answer
    const state = availability === 'open' ? 'ready' : availability
    // Also of one that has not told its load yet.
    return { ...this.describe(peer), state, running }
  }

  /** The answer to FIND_NODES, as far as it is about workers. @throws MeshError FIELD_INVALID */
  find(params: FindNodesParams): FindNodesResult {
    const { files, namespace: own } = this.#components
    const { cursor, file_hash: hash, limit = FOUND_NODES_MAX, namespace = own } = params
    const fileId = hash === undefined ? undefined : readFileId(hash, 'params.file_hash')
    const isAfter = cursor === undefined ? () => true : afterCursor(cursor)
    const nodes = (namespace === own ? this.#ready() : [])
      .filter(({ entry }) => fileId === undefined || files.has(entry.peer, fileId))
      .filter(({ candidate }) => isFitting(candidate, params))
      .map(({ entry, candidate }) => ({
        peer_id: entry.peer,
        capabilities: { ...(entry.record as NonNullable<WorkerEntry['record']>).capabilities },
        weighted_score: weightedScore(candidate, this.#components.weights),
        ...(candidate.latencyMs === undefined ? {} : { latency_ms: candidate.latencyMs }),
        reputation: shownShare(candidate.reputation),
        addresses: entry.record?.addresses ?? []
      }))
    const rest = nodes.filter(isAfter).toSorted(byScore)
    const page = rest.slice(0, limit)
    const last = page.at(-1)
    const next = last === undefined || page.length === rest.length ? {} : { next: cursorOf(last) }
    return { nodes: page, total: nodes.length, ...next }
  }

  /** The DHT names many that never answer. */
  #met(): WorkerEntry[] {
    return this.#components.directory.entries().filter(({ readyCount }) => readyCount > 0)
  }

  #ready(): { entry: WorkerEntry; candidate: Candidate }[] {
    return this.#components.directory.entries().flatMap((entry) => {
      const candidate = entry.state === 'ready' ? this.#candidate(entry) : undefined
      return candidate === undefined ? [] : [{ entry, candidate }]
    })
  }

  #withCandidates(
    entries: readonly WorkerEntry[]
  ): { entry: WorkerEntry; candidate: Candidate | undefined }[] {
    return entries.map((entry) => ({ entry, candidate: this.#candidate(entry) }))
  }

  /** With its standing as of now. */
  #candidate(entry: WorkerEntry): Candidate | undefined {
    this.#components.directory.judged(entry.peer)
    return entry.candidate
  }

  #view(entry: WorkerEntry, candidate: Candidate | undefined): NodeView {
    const { access, clock, standingOf, tracker, weights } = this.#components
    const { session, work } = entry
    const { evidenceCount, quarantinedUntilMs, reputation } = standingOf(entry.peer)
    const member = access.memberOf(entry.peer)
    const seenAtMs = Math.max(entry.loadAtMs, entry.recordAtMs, entry.foundAtMs)
    return {
      peer_id: entry.peer,
      state: stateOf(entry),
      ...(quarantinedUntilMs === undefined
        ? {}
        : { quarantined_until_ms: Math.ceil(quarantinedUntilMs) }),
      ...(candidate === undefined ? {} : { score: weightedScore(candidate, weights) }),
      ...recordView(entry),
      ...(candidate === undefined ? {} : loadView(candidate)),
      running: work.report?.running ?? 0,
      queued: work.report?.queued ?? 0,
      in_flight: work.openCount,
      latency_ms: session?.latencyMs ?? null,
      ...tracker.wayView(entry.peer),
      reputation: shownShare(reputation),
      evidence: evidenceCount,
      ...(member === undefined ? {} : { certificate_until_ms: member.exp * 1_000 }),
      seen_ms_ago: Math.max(0, clock.monotonicMs() - seenAtMs),
      found_by: entry.foundBy
    }
  }
}

/** What the order of a list of workers follows from. */
interface Scored {
  peer_id: string
  weighted_score: number
}

/** Equals in the order of their peer ids. */
function byScore(left: Scored, right: Scored): number {
  const ahead = right.weighted_score - left.weighted_score
  if (ahead !== 0 || left.peer_id === right.peer_id) return ahead
  return left.peer_id < right.peer_id ? -1 : 1
}

/** Scores change from one page to the next, and a place among them does not: nobody is left out for long. */
function cursorOf({ peer_id, weighted_score }: Scored): string {
  return `${weighted_score}/${peer_id}`
}

/** @throws MeshError FIELD_INVALID */
function afterCursor(cursor: string): (worker: Scored) => boolean {
  const [score = '', peer_id = ''] = cursor.split('/')
  const weighted_score = Number(score)
  if (score === '' || peer_id === '' || !Number.isFinite(weighted_score)) {
    throw new MeshError('FIELD_INVALID', 'that is no `next` of an answer', {
      path: 'params.cursor',
      hint: 'leave it out to begin with the best'
    })
  }
  return (worker) => byScore({ peer_id, weighted_score }, worker) < 0
}

/** What a task is reckoned to find there. */
function loadView(candidate: Candidate): Partial<NodeView> {
  const { queuedMs, slowdown, speed, waitMs } = candidate
  return { speed, slowdown, wait_ms: waitMs, queued_ms: queuedMs }
}

/** @throws MeshError FIELD_INVALID */
function readCondition(text: string): Requirement {
  const requirement = parseRequirement(text, 'require')
  if (!isOnTask(requirement)) return requirement
  const [fact, resource = ''] = requirement.key.split('.')
  const named = [fact, 'process', resource].filter((part) => part !== '').join('.')
  throw new MeshError('FIELD_INVALID', `"${text}" names no engine, and there is no task to tell`, {
    path: 'require',
    hint: `name one, such as ${named}`
  })
}

/** One that has said that it stops is not missed when it is gone. */
function stateOf(entry: WorkerEntry): NodeView['state'] {
  const availability = availabilityOf(entry.work.report)
  if (availability === 'stopping' || entry.state === 'ready') {
    return availability === 'open' ? 'ready' : availability
  }
  return entry.state
}

/** What the worker itself has said; little until it has. */
function recordView({
  record,
  work
}: WorkerEntry): Pick<NodeView, 'labels' | 'slots' | 'addresses'> {
  if (record === undefined) return { labels: {}, slots: 0, addresses: [] }
  const about: Partial<NodeView> = {
    agent: record.agent,
    engines: [...record.engines],
    ...(record.functions === undefined ? {} : { functions: [...record.functions] }),
    ...(record.programs === undefined ? {} : { programs: [...record.programs] }),
    ...(record.images === undefined ? {} : { images: [...record.images] }),
    ...(record.isolation === undefined ? {} : { isolation: { ...record.isolation } }),
    ...(record.enforces === undefined ? {} : { enforces: { ...record.enforces } }),
    ...(record.network === undefined ? {} : { network: [...record.network] }),
    capabilities: withLoad(record.capabilities, work.report),
    host: { ...record.host }
  }
  return {
    ...about,
    labels: { ...record.labels },
    slots: record.slots,
    addresses: [...record.addresses]
  }
}

function isNamed({ labels, peer_id: peer }: NodeView, wanted: string): boolean {
  const texts = Object.entries(labels).map(([name, value]) => `${name}=${value}`)
  return [peer, ...texts].some((text) => text.toLowerCase().includes(wanted))
}

function isFitting(candidate: Candidate, params: FindNodesParams): boolean {
  const {
    max_cpu_usage: cpuUsageMax = 100,
    max_latency_ms: latencyMsMax = Infinity,
    min_cpu_cores: cpuCoresMin = 0,
    min_disk_mb: diskMbMin = 0,
    min_memory_mb: memoryMbMin = 0
  } = params
  return (
    candidate.cpuCores >= cpuCoresMin &&
    candidate.cpuUsage <= cpuUsageMax &&
    candidate.memoryAvailableMb >= memoryMbMin &&
    candidate.diskAvailableMb >= diskMbMin &&
    (candidate.latencyMs ?? 0) <= latencyMsMax
  )
}
