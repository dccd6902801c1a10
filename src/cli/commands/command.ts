/** `taskmesh command`: any command of the protocol to any peer; the whole response as JSON. */
import { printableJson } from '../../core/plain-text.ts'
import { MeshError } from '../../core/errors.ts'
import { parseJson } from '../../core/json.ts'
import { API_FLAGS, VISITOR_FLAGS, flag } from '../command.ts'
import { checkAddress } from '../../config/address.ts'
import { EXIT } from '../exit-codes.ts'
import { visitMesh } from '../mesh-visit.ts'
import { withoutEllipsis } from '../render.ts'
import { connectToRouter } from '../router-connection.ts'
import type { AbortOptions } from '../../core/abort.ts'
import type { ApiClient } from '../../client/api-client.ts'
import type { Args } from '../args.ts'
import type { CliCommand } from '../command.ts'

const TIMEOUT_DEFAULT_MS = 60_000

export const commandCommand: CliCommand = {
  words: 'command',
  summary: 'send one command of the protocol to a peer, print the whole response as JSON',
  positionals: [
    { name: 'peer', describe: 'multiaddr, peer id, or what tables show of one' },
    { name: 'name', describe: 'GET_CAPABILITIES, EXECUTE_TASK, GET_REPUTATION, FIND_NODES, …' },
    { name: 'params', describe: 'JSON object [{}]', isOptional: true }
  ],
  flags: {
    timeout: flag('text', 'wait no longer than this for the response [60s]'),
    ...VISITOR_FLAGS,
    ...API_FLAGS
  },
  examples: [
    ['taskmesh command GYkZzB GET_CAPABILITIES', 'addresses are asked from the router'],
    ['taskmesh command /ip4/127.0.0.1/tcp/51820 FIND_NODES \'{"limit":3}\'', 'by address'],
    [
      'taskmesh command 12D3KooW… GET_CAPABILITIES --bootstrap /ip4/127.0.0.1/tcp/51820',
      'through the DHT'
    ]
  ],
  notes: 'Exit code 0 if the status is "success", else 1.',
  run: async ({ args, output, terminal }) => {
    const { signal } = terminal
    const params = readParams(args.optionalPositional('params') ?? '{}')
    const timeoutMs = args.durationMs('timeout') ?? TIMEOUT_DEFAULT_MS
    const peer = await addressOf(withoutEllipsis(args.positional('peer')), args, { signal })
    const { response } = await visitMesh(args, terminal, (mesh) =>
      mesh.sendAndWait(peer, args.positional('name'), params, { timeoutMs, signal })
    )
    if (output.isForPrograms) output.record(response)
    else output.line(printableJson(JSON.stringify(response, null, 2)))
    return response.status === 'success' ? EXIT.completed : EXIT.error
  }
}

function readParams(text: string): object {
  const value = parseJson(text)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw new MeshError('FIELD_INVALID', 'params must be a JSON object', { path: 'params' })
}

/** A whole peer id is left to the DHT if there is a way into it; anything else the router knows. */
async function addressOf(peer: string, args: Args, options: AbortOptions): Promise<string> {
  if (peer.startsWith('/')) return checkAddress(peer, 'peer')
  if (args.list('bootstrap').length > 0) return peer
  const known = await knownPeers(connectToRouter(args), options)
  const found = known.filter(({ id }) => id.startsWith(peer) || id.endsWith(peer))
  const [only] = found
  if (only === undefined || found.length > 1) {
    throw new MeshError(
      only === undefined ? 'NODE_NOT_FOUND' : 'ID_AMBIGUOUS',
      only === undefined
        ? `the router knows no peer "${peer}"`
        : `"${peer}" fits ${found.length} peers`,
      { hint: 'name it by multiaddr, or add --bootstrap to look in the DHT' }
    )
  }
  const address = only.addresses[0]
  if (address === undefined) {
    throw new MeshError('PEER_UNREACHABLE', `no address of ${only.id} is known`, {
      hint: 'name it by multiaddr'
    })
  }
  return address.includes('/p2p/') ? address : `${address}/p2p/${only.id}`
}

/** The router itself, its workers, and who else is connected to it. */
async function knownPeers(
  client: ApiClient,
  options: AbortOptions
): Promise<{ id: string; addresses: string[] }[]> {
  const [self, nodes, peers] = await Promise.all([
    client.health(options),
    client.nodes({}, options),
    client.peers({}, options)
  ])
  const all = [
    { id: self.peer_id, addresses: self.addresses ?? [] },
    ...nodes.map(({ peer_id: id, addresses }) => ({ id, addresses })),
    // The address of an inbound connection is the port that a peer came from, where nobody listens.
    ...peers
      .filter(({ direction }) => direction === 'outbound')
      .map(({ peer_id: id, addresses }) => ({ id, addresses }))
  ]
  return [...new Map(all.toReversed().map((peer) => [peer.id, peer])).values()]
}
