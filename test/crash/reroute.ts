/**
 * Loaded into every node before its own code (`node --import`): calls to the other nodes' ports go
 * through the harness's links instead. Nodes tell each other the ports that they listen on, whatever is
 * announced beside them, so only the caller's own end can make sure that no call goes past a link.
 */
import net from 'node:net'
import type { NetConnectOpts, Socket } from 'node:net'

/** The variable with the routes, as JSON: port that is called → port of the link. */
const ROUTES_VARIABLE = 'CRASH_ROUTES'

const routes = JSON.parse(process.env[ROUTES_VARIABLE] ?? '{}') as Record<string, number>
const connectDirectly = net.connect as (options: NetConnectOpts) => Socket

function connect(options: NetConnectOpts): Socket {
  const port = 'port' in options ? routes[options.port] : undefined
  return connectDirectly(port === undefined ? options : { ...options, port, host: '127.0.0.1' })
}

// libp2p's TCP transport calls it through the module object.
Object.assign(net, { connect })
