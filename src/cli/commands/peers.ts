/** `taskmesh peers`: who is connected, now or live; through the router, or as an observer of one's own. */
import { printable } from '../../core/plain-text.ts'
import { sleep } from '../../core/abort.ts'
import { systemClock } from '../../core/clock.ts'
import { formatDuration } from '../../core/units.ts'
import { API_FLAGS, VISITOR_FLAGS, flag } from '../command.ts'
import { PEER_COLUMNS, withoutPeerId } from '../columns.ts'
import { EXIT } from '../exit-codes.ts'
import { LiveTable } from '../live-table.ts'
import { visitMesh } from '../mesh-visit.ts'
import { renderTable, shortPeer } from '../render.ts'
import { connectToRouter } from '../router-connection.ts'
import { untilAborted } from '../until-aborted.ts'
import type { CliCommand, CommandContext } from '../command.ts'
import type { Output } from '../output.ts'
import type { PeerChange } from '../../network/paths/peer-tracker.ts'
import type { PeerView } from '../../model/generated/api-peer.ts'

const MEASURE_TIMEOUT_MS = 2_000
const POLL_MS = 50

/** Where peers are seen from. */
interface PeerSource {
  list: () => Promise<PeerView[]>
  /** Calls back until the signal is aborted. */
  watch: (onEvent: (event: PeerChange) => void) => Promise<void>
}

export const peersCommand: CliCommand = {
  words: 'peers',
  summary: 'show the connected peers: path, round trip, bandwidth, address',
  flags: {
    watch: { ...flag('switch', 'live: each connect and disconnect, until Ctrl-C'), alias: 'w' },
    ...VISITOR_FLAGS,
    ...API_FLAGS
  },
  examples: [
    ['taskmesh peers --watch', 'what the router sees, live'],
    ['taskmesh peers --watch --bootstrap /ip4/127.0.0.1/tcp/51820', 'as an observer of your own']
  ],
  run: async (context) => {
    const { args, terminal } = context
    if (args.list('bootstrap').length > 0) {
      return visitMesh(args, terminal, (mesh) =>
        showPeers(context, {
          list: () =>
            args.has('watch') ? Promise.resolve(mesh.peers()) : measuredPeers(() => mesh.peers()),
          watch: async (onEvent) => {
            const end = mesh.watchPeers(onEvent)
            await untilAborted(terminal.signal)
            end()
          }
        })
      )
    }
    const client = connectToRouter(args)
    const { signal } = terminal
    return showPeers(context, {
      list: () => client.peers({}, { signal }),
      watch: async (onEvent) => {
        for await (const event of client.watchPeers({ signal })) onEvent(event)
      }
    })
  }
}

async function showPeers(context: CommandContext, source: PeerSource): Promise<number> {
  const { args, output } = context
  const peers = await source.list()
  if (!args.has('watch')) output.rows(peers, PEER_COLUMNS, 'nobody is connected')
  else await watchPeers(context, source, peers)
  return EXIT.completed
}

async function watchPeers(
  { output, terminal }: CommandContext,
  source: PeerSource,
  peers: readonly PeerView[]
): Promise<void> {
  const known = new Map(peers.map((peer) => [peer.peer_id, peer]))
  const table = new LiveTable(terminal.stdout, () =>
    renderTable(
      [...known.values()],
      PEER_COLUMNS.filter(({ isWide }) => isWide !== true),
      output.style
    )
  )
  for (const peer of peers) {
    tell({ event: 'connected', at_ms: peer.connected_at_ms, peer }, output, table)
  }
  table.draw()
  const end = table.redrawEverySecond()
  try {
    await source.watch((told) => {
      const event = withKnownAddresses(told, known)
      if (event.event === 'disconnected') known.delete(event.peer.peer_id)
      else known.set(event.peer.peer_id, event.peer)
      tell(event, output, table)
      table.draw()
    })
  } catch (cause) {
    // Ctrl-C is how a watch ends.
    if (!terminal.signal.aborted) throw cause
  } finally {
    end()
  }
}

/** Who is gone has no connection any more, and with it no address; where it was is still of interest. */
function withKnownAddresses(event: PeerChange, known: ReadonlyMap<string, PeerView>): PeerChange {
  const before = known.get(event.peer.peer_id)
  if (event.peer.addresses.length > 0 || before === undefined) return event
  return { ...event, peer: { ...event.peer, addresses: before.addresses } }
}

/** An observer that has just come has measured nobody yet; a moment later it has. */
async function measuredPeers(list: () => PeerView[]): Promise<PeerView[]> {
  const untilMs = systemClock.monotonicMs() + MEASURE_TIMEOUT_MS
  const isReady = (): boolean =>
    list().every(({ latency_ms, agent }) => latency_ms !== null && agent !== null)
  while (!isReady() && systemClock.monotonicMs() < untilMs) {
    // Each look waits for the one before it.
    // oxlint-disable-next-line no-await-in-loop
    await sleep(systemClock, POLL_MS)
  }
  return list()
}

/** Measurements move the table; programs get them too. */
function tell(event: PeerChange, output: Output, table: LiveTable): void {
  if (output.isForPrograms) output.record(event)
  else if (event.event !== 'measured') table.above(eventLine(event, output))
}

function eventLine({ at_ms, event, peer }: PeerChange, { style }: Output): string {
  const time = new Date(at_ms).toTimeString().slice(0, 8)
  const paint = event === 'disconnected' ? style.yellow : style.green
  const latency = peer.latency_ms === null ? '' : `  ${formatDuration(peer.latency_ms)}`
  const what = `${peer.direction} ${peer.path}${latency}  ${peer.agent ?? ''}`
  return `${time}  ${paint(event.padEnd(12))}  ${shortPeer(peer.peer_id)}  ${printable(`${withoutPeerId(peer.addresses[0] ?? '')}  ${what}`)}`.trimEnd()
}
