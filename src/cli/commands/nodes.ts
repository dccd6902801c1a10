/** `taskmesh node list` and `node describe`: the workers that the router knows. */
import { BYTES_PER_MB, formatBytes, formatDuration } from '../../core/units.ts'
import { API_FLAGS, VISITOR_FLAGS, flag } from '../command.ts'
import { NODE_COLUMNS, fraction, latencyOf, minuteOf } from '../columns.ts'
import { EXIT } from '../exit-codes.ts'
import { MEMBER_COLUMNS } from '../member-columns.ts'
import { formatCount, formatLabels, renderFacts, shortPeer, withoutEllipsis } from '../render.ts'
import { engineFacts } from '../render-engines.ts'
import { connectToRouter } from '../router-connection.ts'
import { renderRate } from '../byte-amounts.ts'
import { WORK_STATES } from '../../model/worker-list.ts'
import { visitAsOperator } from '../operator-visit.ts'
import type { CliCommand, CommandContext } from '../command.ts'
import type { KnownMember } from '../operator-visit.ts'
import type { NodeView } from '../../model/generated/api-node.ts'
import type { Style } from '../render.ts'
import type { WorkState } from '../../model/worker-list.ts'

const NO_WORKERS =
  'no worker is known; start one: taskmesh worker --join TOKEN, or in an open mesh --bootstrap …'

export const nodeListCommand: CliCommand = {
  words: 'node list',
  summary: 'list the workers that the router knows; or the members of the mesh, and who waits',
  flags: {
    require: flag('list', 'only workers that fulfil this, such as "zone = home"'),
    state: {
      ...flag('text', 'only workers in this state; also those that are gone, if it is theirs'),
      choices: WORK_STATES
    },
    search: flag('text', 'only workers with this in their PeerId or in a label, zone=home'),
    members: flag('switch', 'instead, all whom the mesh has let in, or has not (for operators)'),
    pending: flag('switch', 'of these, only those that wait to be let in'),
    ...VISITOR_FLAGS,
    ...API_FLAGS
  },
  examples: [
    [
      'taskmesh node list --require "slots >= 4" -o wide',
      'the big ones, with what they offer and allow'
    ],
    ['taskmesh node list --state quarantined', 'who gets no work for a wrong result'],
    ['taskmesh node list --pending', 'who waits for `taskmesh node approve`']
  ],
  run: async (context) => {
    const { args, output, terminal } = context
    if (args.has('members') || args.has('pending')) return await listMembers(context)
    const filter = {
      require: args.list('require'),
      state: args.text('state') as WorkState | undefined,
      text: args.text('search')
    }
    const nodes = await connectToRouter(args).nodes(filter, { signal: terminal.signal })
    const isFiltered = ['require', 'state', 'search'].some((name) => args.has(name))
    output.rows(nodes, NODE_COLUMNS, isFiltered ? 'no such worker' : NO_WORKERS)
    return EXIT.completed
  }
}

async function listMembers({ args, output, terminal }: CommandContext): Promise<number> {
  const all = await visitAsOperator(args, terminal, (visit) => visit.members())
  const isAsked = args.has('pending') ? ({ state }: KnownMember) => state === 'pending' : () => true
  const empty = args.has('pending') ? 'nobody waits' : 'nobody has joined by a token yet'
  output.rows(all.filter(isAsked), MEMBER_COLUMNS, empty)
  return EXIT.completed
}

export const nodeDescribeCommand: CliCommand = {
  words: 'node describe',
  summary: 'show one worker: what it offers, how it does',
  positionals: [{ name: 'peer', describe: 'peer id, or its first or last letters' }],
  flags: API_FLAGS,
  examples: [['taskmesh node describe GYkZzB', 'the letters that tables show']],
  run: async ({ args, output, terminal }) => {
    const peer = withoutEllipsis(args.positional('peer'))
    const node = await connectToRouter(args).node(peer, { signal: terminal.signal })
    output.value(node, (style) => renderNode(node, style))
    return EXIT.completed
  }
}

function renderNode(node: NodeView, style: Style): string {
  const { capabilities, host } = node
  const facts: [string, string][] = [
    ['peer id', style.bold(node.peer_id)],
    ['state', stateOf(node)],
    ['agent', node.agent ?? '–'],
    ['labels', formatLabels(node.labels)],
    ...engineFacts(node),
    [
      'slots',
      `${node.slots}: ${node.running} running, ${node.queued} queued there, ${node.in_flight} of ours`
    ],
    ...workFacts(node),
    ['path', pathOf(node)],
    ['round trip', latencyOf(node.latency_ms)],
    ['bandwidth', bandwidthOf(node)],
    ['score', fraction(node.score)],
    ['reputation', `${fraction(node.reputation)} of ${formatCount(node.evidence)} outcomes`],
    [
      'seen',
      `${formatDuration(node.seen_ms_ago)} ago${node.found_by === undefined ? '' : `, found by ${node.found_by}`}`
    ],
    ['certificate', certificateOf(node)],
    ['addresses', node.addresses.join('\n') || '–']
  ]
  if (capabilities !== undefined) facts.push(...capabilityFacts(capabilities))
  if (host !== undefined) {
    facts.push([
      'host',
      Object.entries(host)
        .map(([key, value]) => `${key} ${String(value)}`)
        .join(', ')
    ])
  }
  return renderFacts(facts, style)
}

function stateOf({ quarantined_until_ms: untilMs, state }: NodeView): string {
  if (untilMs === undefined) return state
  return `${state}, but quarantined until ${minuteOf(untilMs)} for a wrong result`
}

function pathOf({ path, relay }: NodeView): string {
  if (path === undefined) return '–'
  return relay === undefined ? path : `${path} by ${shortPeer(relay)}`
}

/** `12MiB/s to it, 4m ago; 3MiB/s from it, 2s ago` */
function bandwidthOf({ bandwidth = {} }: NodeView): string {
  const parts = (['to', 'from'] as const).flatMap((direction) => {
    const rate = bandwidth[direction]
    if (rate === undefined) return []
    const age = formatDuration(rate.age_ms)
    return `${renderRate(rate.bytes_per_second)} ${direction} it, ${age} ago`
  })
  return parts.join('; ') || 'nothing large was moved lately'
}

function certificateOf({ certificate_until_ms: atMs }: NodeView): string {
  return atMs === undefined ? 'none' : `until ${minuteOf(atMs)}, and renewed before`
}

/** What a task would find there. */
function workFacts({
  queued_ms: queuedMs,
  slowdown,
  speed,
  wait_ms: waitMs
}: NodeView): [string, string][] {
  if (queuedMs === undefined || slowdown === undefined || speed === undefined) return []
  const wait = waitMs === undefined || waitMs === 0 ? 'none' : formatDuration(Math.ceil(waitMs))
  const slowed = slowdown < 1.05 ? '' : `, slowed down to 1/${slowdown.toFixed(1)}`
  return [
    ['wait', `${wait}, ${formatDuration(Math.ceil(queuedMs))} of work waits for each slot`],
    ['speed', `as ${speed.toFixed(1)} GHz${slowed}`]
  ]
}

function capabilityFacts(figures: NonNullable<NodeView['capabilities']>): [string, string][] {
  return [
    ['cpu', `${figures.cpu_cores} cores, ${Math.round(figures.cpu_usage)}% busy`],
    ['memory', freeOf(figures.memory_available_mb, figures.memory_total_mb)],
    ['disk', freeOf(figures.disk_available_mb, figures.disk_total_mb)],
    ['gpu', describeGpus(figures)]
  ]
}

function describeGpus(figures: NonNullable<NodeView['capabilities']>): string {
  const { gpu_available: isThere, gpu_count: count = 1, gpu_model: model } = figures
  if (!isThere) return 'none'
  return model === undefined ? String(count) : `${count} × ${model}`
}

function freeOf(available: number, total: number): string {
  return `${formatBytes(available * BYTES_PER_MB)} of ${formatBytes(total * BYTES_PER_MB)} free`
}
