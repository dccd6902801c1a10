/** `taskmesh bootstrap`, `worker`, `router` and `monitor`: one node in this process, until it is told to stop. */
import { isLoopbackAddress } from '../../config/address.ts'
import { loadSettings } from '../../config/load.ts'
import { isRepeatable, optionsOf } from '../../config/options.ts'
import { secretsIn } from '../../config/secrets.ts'
import { sleep } from '../../core/abort.ts'
import { systemClock } from '../../core/clock.ts'
import { createLogger } from '../../observe/logger.ts'
import { EXIT } from '../exit-codes.ts'
import { flag } from '../command.ts'
import { untilAborted } from '../until-aborted.ts'
import type { CliCommand, CommandContext, Flags } from '../command.ts'
import type { Logger } from '../../observe/logger.ts'
import type { NodeSettings } from '../../config/settings.ts'
import type { SettingsOf } from '../../config/load.ts'
import type { ReadyReport, RunningNode } from '../../roles/role.ts'
import type { Role } from '../../config/options.ts'

/** More than a node takes to start on a machine with much else to do; whoever has no patience says it once more. */
const STARTING_MS = 15_000

export const ROLE_NOTES: string = [
  'Every flag has a variable (--task-memory is TASKMESH_TASK_MEMORY; lists are separated by commas) and a',
  'key in the config file (task_memory). Flags win over variables, variables over the file, the file over',
  'the defaults: see `taskmesh config show`. Without --listen a node is reachable from this machine only, unless',
  'it has joined a mesh of other machines (--join): then from everywhere, by members alone.'
].join(' ')

export const bootstrapCommand: CliCommand = {
  words: 'bootstrap',
  summary: 'run a bootstrap: the first contact of all other nodes',
  flags: roleFlags('bootstrap'),
  examples: [
    ['taskmesh bootstrap', 'on this machine alone, port 51820'],
    ['taskmesh bootstrap --listen /ip4/0.0.0.0/tcp/51820', 'for other machines']
  ],
  notes: ROLE_NOTES,
  run: runBootstrap
}

export const workerCommand: CliCommand = {
  words: 'worker',
  summary: 'run a worker: executes tasks',
  flags: roleFlags('worker'),
  examples: [
    ['taskmesh worker --bootstrap /ip4/127.0.0.1/tcp/51820', 'on this machine'],
    ['taskmesh worker --join @token --label zone=home', 'on another one: taskmesh token create']
  ],
  notes: ROLE_NOTES,
  run: runWorker
}

export const routerCommand: CliCommand = {
  words: 'router start',
  summary: 'run a router: takes jobs and sees them through',
  flags: roleFlags('router'),
  examples: [
    ['taskmesh router --bootstrap /ip4/127.0.0.1/tcp/51820', 'API on 127.0.0.1:51880'],
    ['taskmesh router --bootstrap … --preset latency --weight reputation=0.5', 'with other weights']
  ],
  notes: `${ROLE_NOTES}\n\nOf its job store: taskmesh router check-store, taskmesh router backup. Of its API: taskmesh router token.`,
  run: runRouter
}

export const monitorCommand: CliCommand = {
  words: 'monitor',
  summary: 'run a monitor: shows the mesh in a browser, and is a bootstrap and relay as well',
  flags: roleFlags('monitor'),
  examples: [
    ['taskmesh monitor --bootstrap /ip4/127.0.0.1/tcp/51820', 'pages on 127.0.0.1:8080'],
    [
      'taskmesh monitor --listen /ip4/0.0.0.0/tcp/51820 --web-port 8443 --web-host 0.0.0.0 --tls-cert … --tls-key …',
      'for other machines, as their first contact, too'
    ]
  ],
  notes: `${ROLE_NOTES}\n\nWhat routers know (jobs, workers, files) it asks them for; to act on that, sign in with a token of the router. The address with its own token: taskmesh dashboard --name monitor.`,
  run: runMonitor
}

/** The one line that says a node is ready; programs get the report itself. */
export function readyLine({ addresses, http, pages, peer_id, pid, role }: ReadyReport): string {
  const where = addresses.length === 0 ? 'no address' : addresses.join(' ')
  return `${role} ${peer_id} ready at ${where}${http === undefined ? '' : ` http ${http}`}${pages === undefined ? '' : ` pages ${pages}`} pid ${pid}`
}

/** What to say when others will look for this node and can't reach it. */
export function reachWarning(role: Role, settings: NodeSettings): string | undefined {
  const { announce, bootstrap, isOpen, listen } = settings
  const isMeshElsewhere = bootstrap.some((address) => !isLoopbackAddress(address))
  // A member of a mesh that listens nowhere in particular does so everywhere.
  const listensOpenly =
    listen.length === 0 ? !isOpen : listen.some((one) => !isLoopbackAddress(one))
  const isReachable = announce.length > 0 || listensOpenly
  if (role === 'bootstrap' || !isMeshElsewhere || isReachable) return undefined
  return `warning: the mesh is on other machines, but this ${role} listens on loopback only and they cannot dial it; add --listen /ip4/0.0.0.0/tcp/0`
}

export function roleFlags(role: Role): Flags {
  const own = optionsOf(role).map(({ flag: name, kind, describe }) => {
    // Their variables are read with the config file, so that errors name the right one.
    return [
      name,
      flag(kind === 'switch' ? 'switch' : isRepeatable(kind) ? 'list' : 'text', describe)
    ]
  })
  return { config: flag('text', 'config file (JSON)'), ...Object.fromEntries(own) }
}

/** Starts a node, says that it is ready, and sees it through until it is told to stop. */
export async function runNode<R extends Role, N extends RunningNode>(
  role: R,
  { args, output, terminal }: CommandContext,
  { given = args.texts, onReady, start }: NodeRun<R, N>
): Promise<number> {
  const switches = optionsOf(role).flatMap(({ flag: name, kind }) => {
    const value = kind === 'switch' ? args.switched(name) : undefined
    return value === undefined ? [] : [[name, [String(value)]] as const]
  })
  const flags = { ...given, ...Object.fromEntries(switches) }
  const settings = loadSettings(role, { flags, env: terminal.env })
  const warning = reachWarning(role, settings)
  if (warning !== undefined) output.alert(warning)
  const logger = createLogger({
    level: output.isQuiet ? 'error' : settings.logLevel,
    secrets: secretsIn(role, { ...settings })
  })
  const node = await startedBefore(start(settings, logger), terminal.signal)
  if (output.isForPrograms) output.record(node.report)
  else output.line(readyLine(node.report))
  onReady?.(node)
  await untilAborted(terminal.signal)
  await node.stop()
  return EXIT.completed
}

/** A node that is told to stop while it starts does so in good order, unless it waits to be let in: that may take for ever. */
async function startedBefore<N>(starting: Promise<N>, signal: AbortSignal): Promise<N> {
  const patienceEnds = untilAborted(signal).then(async () => {
    await sleep(systemClock, STARTING_MS)
    throw signal.reason
  })
  return await Promise.race([starting, patienceEnds])
}

export interface NodeRun<R extends Role, N extends RunningNode> {
  /** Flags with their texts. @default those of the command line */
  given?: Readonly<Record<string, readonly string[]>>
  start: (settings: SettingsOf[R], logger: Logger) => Promise<N>
  /** Called when the ready line has been printed. */
  onReady?: (node: N) => void
}

/** libp2p is imported only now: it takes a while to load, and most commands need none of it. */
async function runBootstrap(context: CommandContext): Promise<number> {
  const { startBootstrap: start } = await import('../../roles/bootstrap.ts')
  return await runNode('bootstrap', context, { start })
}

async function runMonitor(context: CommandContext): Promise<number> {
  const { startMonitor: start } = await import('../../roles/monitor.ts')
  return await runNode('monitor', context, { start })
}

async function runWorker(context: CommandContext): Promise<number> {
  const { startWorker: start } = await import('../../roles/worker.ts')
  return await runNode('worker', context, { start })
}

async function runRouter(context: CommandContext): Promise<number> {
  const { startRouter: start } = await import('../../roles/router.ts')
  return await runNode('router', context, { start })
}
