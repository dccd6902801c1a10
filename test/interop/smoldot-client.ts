/**
 * smoldot: libp2p in Rust, compiled to WebAssembly, that was never made for us. It is a client of block chains, so it gets one:
 * a chain of one block whose only neighbours are our nodes. What smoldot does and sees is read from its log.
 */
import { start } from 'smoldot'
import { SECTION, moduleOf, text } from '../support/wasm-module.ts'
import type { Chain } from 'smoldot'

/** One line of its log of the network: `name; field=value, …`. */
export interface SmoldotEvent {
  name: string
  fields: Readonly<Record<string, string>>
}

export interface SmoldotClient {
  /** The hash of its chain's first block, in hex: its protocols are named by it. */
  genesis: string
  /** Connects to these addresses, each with its peer id. */
  connect: (addresses: readonly string[]) => Promise<void>
  stop: () => Promise<void>
}

const LOG_LEVEL_DEBUG = 4

export async function startSmoldot(onEvent: (event: SmoldotEvent) => void): Promise<SmoldotClient> {
  const client = start({
    maxLogLevel: LOG_LEVEL_DEBUG,
    logCallback: (_level, target, line) => {
      if (target === 'network') onEvent(readEvent(line))
    }
  })
  const add = (bootNodes: readonly string[]): Promise<Chain> =>
    client.addChain({ chainSpec: JSON.stringify(chainOf(bootNodes)) })
  const lonely = await add([])
  const genesis = await genesisOf(lonely)
  lonely.remove()
  return {
    genesis,
    connect: async (addresses) => void (await add(addresses)),
    stop: () => client.terminate()
  }
}

async function genesisOf(chain: Chain): Promise<string> {
  chain.sendJsonRpc('{"jsonrpc":"2.0","id":1,"method":"chainSpec_v1_genesisHash","params":[]}')
  const { result } = JSON.parse(await chain.nextJsonRpcResponse()) as { result: string }
  return result.slice('0x'.length)
}

/** What a node of smoldot's own kind says first: that it is a full node, and that its best block is the first one. */
export function blockAnnounceHandshake(genesis: string): Uint8Array {
  const hash = Buffer.from(genesis, 'hex')
  const FULL_NODE = 1
  const body = Buffer.concat([Buffer.from([FULL_NODE, 0, 0, 0, 0]), hash, hash])
  return Buffer.concat([Buffer.from([body.length]), body])
}

function readEvent(line: string): SmoldotEvent {
  const [name = '', rest = ''] = line.split('; ', 2)
  const fields = [...rest.matchAll(/(\w+)=(\S+?)(?:, |$)/g)].map(([, key, value]) => [key, value])
  return { name, fields: Object.fromEntries(fields) as Record<string, string> }
}

function chainOf(bootNodes: readonly string[]): object {
  const code = `0x${Buffer.from(runtime()).toString('hex')}`
  const CODE_KEY = `0x${Buffer.from(':code').toString('hex')}`
  return {
    name: 'interop',
    id: 'interop',
    chainType: 'Local',
    bootNodes,
    genesis: { raw: { top: { [CODE_KEY]: code }, childrenDefault: {} } }
  }
}

/** The program of the chain does nothing, but says of which version it is. */
function runtime(): Uint8Array {
  const CUSTOM = 0
  const name = [4 * 'interop'.length, ...Buffer.from('interop')]
  const one = [1, 0, 0, 0]
  // Specification, implementation, versions of author, specification and implementation, no interfaces, transactions, state.
  const version = [...name, ...name, ...one, ...one, ...one, 0, ...one, 1]
  return moduleOf([
    [SECTION.memory, [1, 0, 1]],
    [SECTION.global, [1, 0x7f, 0, 0x41, 0, 0x0b]],
    [SECTION.export, [2, ...text('memory'), 2, 0, ...text('__heap_base'), 3, 0]],
    [CUSTOM, [...text('runtime_version'), ...version]],
    [CUSTOM, text('runtime_apis')]
  ])
}
