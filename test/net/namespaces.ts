/**
 * Network namespaces of this run, and the commands of Linux that make them. Everything carries the run's own prefix,
 * so that two runs don't meet, and that what is removed in the end is what was made here and nothing else.
 */
import { spawnSync } from 'node:child_process'

/** What has to be installed, by the program that is looked for. */
const PACKAGES: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  tc: 'iproute2',
  nft: 'nftables',
  conntrack: 'conntrack'
}

/** Between the words of a name: prefix, world, machine. */
const SEPARATOR = '-'

/** @throws unless this process may make namespaces, and has what it needs for it */
export function checkRequirements(): void {
  const missing = Object.keys(PACKAGES).filter((program) => !isInstalled(program))
  const packages = [...new Set(Object.values(PACKAGES))].join(' ')
  if (process.getuid?.() !== 0) {
    throw new Error(
      `npm run test:net needs root (and the packages ${packages}): sudo npm run test:net`
    )
  }
  if (missing.length > 0) {
    throw new Error(
      `npm run test:net lacks ${missing.join(', ')}: apt-get install ${packages}, or what your system calls them`
    )
  }
}

/** The prefix of a run, by the process that it belongs to. */
export function runPrefix(pid: number): string {
  return `taskmesh${pid}`
}

/** The namespaces of one world within a run. */
export class Namespaces {
  readonly #prefix: string
  readonly #names = new Set<string>()

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  /** @returns its name in the system */
  add(machine: string): string {
    const name = [this.#prefix, machine].join(SEPARATOR)
    command('ip', ['netns', 'add', name])
    this.#names.add(name)
    command('ip', ['-n', name, 'link', 'set', 'lo', 'up'])
    return name
  }

  /** Whatever still runs in one of them ends with it. */
  remove(): void {
    for (const name of this.#names) removeNamespace(name)
    this.#names.clear()
  }
}

/** All that a run has left behind, however its tests ended. */
export function removeRun(prefix: string): void {
  const { stdout } = spawnSync('ip', ['-json', 'netns', 'list'], { encoding: 'utf8' })
  const all = JSON.parse(stdout || '[]') as { name: string }[]
  for (const { name } of all) if (name.startsWith(`${prefix}${SEPARATOR}`)) removeNamespace(name)
}

/** Runs a command to its end. @throws with what it complained of */
export function command(program: string, words: readonly string[], stdin = ''): string {
  const { error, status, stderr, stdout } = spawnSync(program, words, {
    encoding: 'utf8',
    input: stdin
  })
  if (status === 0) return stdout
  throw new Error(`${program} ${words.join(' ')}: ${error?.message ?? stderr}\n${stdin}`)
}

/** The words by which a command runs in a namespace. */
export function within(namespace: string): readonly string[] {
  return ['ip', 'netns', 'exec', namespace]
}

export function commandWithin(namespace: string, words: readonly string[], stdin = ''): string {
  const [program = '', ...rest] = [...within(namespace), ...words]
  return command(program, rest, stdin)
}

/** A switch of the kernel that each namespace has for itself, such as `net/ipv4/ip_forward`. */
export function setSwitch(namespace: string, path: string, value: string): void {
  commandWithin(namespace, ['tee', `/proc/sys/${path}`], value)
}

function removeNamespace(name: string): void {
  const { stdout } = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' })
  for (const pid of stdout.split('\n').filter((line) => line !== '')) {
    try {
      process.kill(Number(pid), 'SIGKILL')
    } catch {
      // It has ended meanwhile.
    }
  }
  spawnSync('ip', ['netns', 'del', name])
}

function isInstalled(program: string): boolean {
  return spawnSync(program, ['-V']).error === undefined
}
