/**
 * Every setting of every role, once: its key in a config file, its flag, how its text is read. The
 * environment variable follows from the flag (`--task-memory` → `TASKMESH_TASK_MEMORY`).
 */

export const ROLES = ['bootstrap', 'worker', 'router', 'share', 'monitor'] as const
export type Role = (typeof ROLES)[number]

/**
 * `numbers` and `texts` are `k=v` pairs; lists and pairs may be given several times. A `switch` is on
 * when its flag is given; a variable or a file may also turn it off.
 */
export type OptionKind = 'text' | 'integer' | 'number' | 'switch' | 'list' | 'texts' | 'numbers'

export interface RoleOption {
  /** Key in a config file and in the schema. */
  readonly key: string
  readonly flag: string
  readonly kind: OptionKind
  readonly roles: readonly Role[]
  readonly describe: string
  /** Never shown, and `@FILE` stands for what that file holds. */
  readonly isSecret?: boolean
}

/** Roles that have files, and that others may have to reach by a relay. */
const FILE_ROLES = ['worker', 'router', 'share'] as const satisfies readonly Role[]

/** First contacts, which carry what goes between those that nobody can dial. */
const HUB_ROLES = ['bootstrap', 'monitor'] as const satisfies readonly Role[]
/** Roles with a web server. */
const WEB_ROLES = ['router', 'monitor'] as const satisfies readonly Role[]

/** In the order in which help shows them. */
export const ROLE_OPTIONS: readonly RoleOption[] = [
  option('listen', 'list', ROLES, 'multiaddr to listen on (repeatable)'),
  option('bootstrap', 'list', ROLES, 'multiaddr of a bootstrap node (repeatable)'),
  option('namespace', 'text', ROLES, 'the mesh within the mesh that this node belongs to'),
  secret('join', ROLES, 'join token, or @FILE with one: what a new node needs'),
  option('open', 'switch', ROLES, 'let anyone in who reaches this node: no authority, no tokens'),
  option('network_key', 'text', ROLES, 'file with the key of a private network'),
  option('announce', 'list', ROLES, 'multiaddr to tell others, beside those listened on'),
  {
    ...option('transports', 'list', ROLES, 'ws or quic, beside tcp (repeatable)'),
    flag: 'transport'
  },
  option('mdns', 'switch', ROLES, 'find the mesh on the local network [on; --mdns=false]'),
  option('map_ports', 'switch', ROLES, 'ask the router at home for a port (UPnP, NAT-PMP)'),
  option('relays', 'integer', FILE_ROLES, 'relays to be reached by [2, beyond loopback]'),
  option('relay', 'switch', HUB_ROLES, 'relay for those that nobody can dial [on; --relay=false]'),
  option('relay_max', 'integer', HUB_ROLES, 'nodes that it relays for [1024]'),
  option('relay_data', 'text', HUB_ROLES, 'bytes of one relayed connection [no limit]'),
  option('relay_duration', 'text', HUB_ROLES, 'how long one may last [no limit]'),
  option('relay_rate', 'text', HUB_ROLES, 'bytes a second relayed, in all [no limit]'),
  {
    ...option('share_dirs', 'list', FILE_ROLES, 'folder whose files are offered (repeatable)'),
    flag: 'share-dir'
  },
  option('share_hidden', 'switch', FILE_ROLES, 'offer what begins with a dot in them, too'),
  option('files_disk', 'text', FILE_ROLES, 'disk for files of the mesh that are kept here'),
  option('limit_rate_up', 'text', FILE_ROLES, 'bytes a second given to others, such as 10MiB'),
  option('limit_rate_down', 'text', FILE_ROLES, 'bytes a second fetched from others'),
  option('slots', 'integer', ['worker'], 'tasks at once [one per CPU core]'),
  option('queue_slots', 'integer', ['worker'], 'tasks that may wait here [8 for each slot]'),
  {
    ...option('labels', 'texts', ['worker'], 'label k=v to be found by (repeatable)'),
    flag: 'label'
  },
  { ...option('engines', 'list', ['worker'], 'engine to offer (repeatable)'), flag: 'engine' },
  {
    ...option('programs', 'list', ['worker'], 'program that process tasks may start (repeatable)'),
    flag: 'program'
  },
  {
    ...option('program_folders', 'list', ['worker'], 'folder that they may read (repeatable)'),
    flag: 'program-folder'
  },
  option('any_program', 'switch', ['worker'], 'let process tasks start whatever is installed'),
  option('process_uid', 'integer', ['worker'], 'user of process tasks, if root [nobody]'),
  option('process_disk', 'text', ['worker'], 'disk of a process task that asks for none'),
  option('process_network', 'switch', ['worker'], 'let process tasks that ask use the network'),
  option('unsafe_process', 'switch', ['worker'], 'run process tasks WITHOUT a sandbox'),
  {
    ...option(
      'images',
      'list',
      ['worker'],
      'image that container tasks may use, by digest (repeatable)'
    ),
    flag: 'image'
  },
  option('container_cli', 'list', ['worker'], 'podman or docker, and its flags [what is there]'),
  option('container_disk', 'text', ['worker'], 'disk of a container task that asks for none'),
  option('container_network', 'switch', ['worker'], 'let container tasks reach the network'),
  option('cpu', 'number', ['worker'], 'CPU cores to offer [all of the machine]'),
  option('memory', 'text', ['worker'], 'memory to offer, such as 4GiB [all of the machine]'),
  option('task_memory', 'text', ['worker'], 'memory limit of a task that names none'),
  option('wasm_function_size', 'text', ['worker'], 'longest function that a wasm module may have'),
  option(
    'drain_deadline',
    'text',
    ['worker'],
    'how long tasks may go on once it is told to stop [30s]'
  ),
  option(
    'max_jobs',
    'integer',
    ['worker'],
    'tasks to take in this run, and then no more [no bound]'
  ),
  option(
    'idle_only',
    'switch',
    ['worker'],
    'take tasks only while the rest of the machine is idle'
  ),
  option('admit', 'text', ['worker'], 'command or URL to ask about each task: {"accept": true}'),
  {
    ...option(
      'router_limits',
      'list',
      ['worker'],
      'what a router may ask of it: `PEERID|* slots=2 rate=60/1m …`, or `* deny` (repeatable)'
    ),
    flag: 'router-limit'
  },
  option('http', 'text', ['router'], 'HOST:PORT of the API; port 0 picks a free one'),
  option('web', 'switch', ['router'], 'give out the pages there as well [on; --web=false]'),
  option('web_port', 'integer', ['monitor'], 'port of its pages [8080]; 0 picks a free one'),
  option('web_host', 'text', ['monitor'], 'address on which they are given out [127.0.0.1]'),
  secret('token', WEB_ROLES, "the API's token, or @FILE [a new one, in a file only you can read]"),
  option('tls_cert', 'text', WEB_ROLES, 'certificate of the API (PEM file): it speaks https'),
  option('tls_key', 'text', WEB_ROLES, 'private key of that certificate (PEM file)'),
  option('sync', 'text', ['router'], 'full: jobs survive a power cut; normal: a crash'),
  option('preset', 'text', ['router'], 'weights of jobs that name none'),
  {
    ...option('weights', 'numbers', ['router'], 'weight k=v over the preset (repeatable)'),
    flag: 'weight'
  },
  option(
    'https_inputs',
    'text',
    ['router'],
    'off, public, or any: whence jobs may have files fetched'
  ),
  option(
    'evidence_disk',
    'text',
    ['router'],
    'disk for the evidence that reputation is made of [64MiB]'
  ),
  option(
    'storage_grace',
    'text',
    ['router'],
    'how long a copy that is to be kept may be away before it is replaced [5m]'
  ),
  option(
    'keep_decisions',
    'text',
    ['router'],
    'how long records of decisions are kept, such as 24h [as long as their jobs]'
  ),
  {
    ...option(
      'trusted_routers',
      'list',
      ['router'],
      'peer id of a router whose experience with workers counts here (repeatable)'
    ),
    flag: 'trusted-router'
  },
  option('max_queued', 'integer', ['router'], 'items that may wait or run before more are refused'),
  option('name', 'text', ROLES, "name of this node's folder [its role, numbered when taken]"),
  option('home', 'text', ROLES, 'folder for keys and state; each node has one inside'),
  option('metrics', 'text', ROLES, 'HOST:PORT for Prometheus; port 0 picks a free one [none]'),
  option('otlp', 'text', ROLES, 'URL of an OpenTelemetry collector that gets traces [none]'),
  option('log_level', 'text', ROLES, 'silent, error, warn, info, debug or trace')
]

/** Flags whose values are secret, of whatever role. */
export const SECRET_FLAGS: readonly string[] = ROLE_OPTIONS.filter(
  ({ isSecret }) => isSecret === true
).map(({ flag }) => flag)

export function optionsOf(role: Role): RoleOption[] {
  return ROLE_OPTIONS.filter(({ roles }) => roles.includes(role))
}

/** Lists and pairs: their flags may be given several times, their variables hold commas. */
export function isRepeatable(kind: OptionKind): boolean {
  return kind === 'list' || kind === 'texts' || kind === 'numbers'
}

/** `--task-memory` → `TASKMESH_TASK_MEMORY` */
export function variableOf(flag: string): string {
  return `TASKMESH_${flag.replaceAll('-', '_').toUpperCase()}`
}

function option(
  key: string,
  kind: OptionKind,
  roles: readonly Role[],
  describe: string
): RoleOption {
  return { key, flag: key.replaceAll('_', '-'), kind, roles, describe }
}

function secret(key: string, roles: readonly Role[], describe: string): RoleOption {
  return { ...option(key, 'text', roles, describe), isSecret: true }
}
