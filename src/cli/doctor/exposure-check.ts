/** Who reaches the nodes that run: APIs and open meshes beyond loopback, and secrets that `ps` shows. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { HIDDEN } from '../../core/secret-text.ts'
import { SECRET_FLAGS } from '../../config/options.ts'
import { hasAuthority } from '../../membership/authority.ts'
import { membershipFile } from '../../membership/own-membership.ts'
import { livingNodes } from '../router-connection.ts'
import { isReachable, quoted } from './check.ts'
import type { Check, CheckContext, Finding, ListenAddress, NodeProcess } from './check.ts'

export const exposureCheck: Check = { section: 'exposure', run: checkExposure }

function checkExposure(context: CheckContext): Finding[] {
  const apis = new Map(livingNodes(context.home).map(({ pid, url }) => [pid, new URL(url)]))
  return context.nodes.flatMap((node) => {
    const api = apis.get(node.pid)
    return [
      ...(api === undefined ? [] : checkApi(node, api)),
      ...checkMesh(node, api, context.home),
      ...checkWords(node)
    ]
  })
}

function checkApi({ listens, name }: NodeProcess, url: URL): Finding[] {
  const open = listens.find((address) => isApi(address, url) && isReachable(address))
  if (open === undefined || url.protocol === 'https:') return []
  return [
    {
      severity: 'problem',
      what: `the API of ${name} is reached from other machines (${show(open)}) without TLS`,
      why: 'who sees the traffic reads the token, and with it submits, reads and stops every job',
      remedy: `taskmesh router --http 127.0.0.1:${open.port}, or --tls-cert FILE --tls-key FILE`
    }
  ]
}

function checkMesh(node: NodeProcess, api: URL | undefined, home: string): Finding[] {
  const { listens, name } = node
  const open = listens.find(
    (address) => isReachable(address) && (api === undefined || !isApi(address, api))
  )
  if (open === undefined || !isOpen(node, home)) return []
  return [
    {
      severity: 'warning',
      what: `${name} belongs to no mesh with an authority, and is reached from other machines (${show(open)})`,
      why: 'whoever reaches it may use it: run tasks, read files that are offered, ask for jobs',
      remedy: 'taskmesh init, taskmesh token create, and start it again with --join @FILE'
    }
  ]
}

/** Because it was told to be, or because it knows no authority. */
function isOpen({ name, words }: NodeProcess, home: string): boolean {
  if (words.join(' ').split(' ').includes('--open')) return true
  return !hasAuthority(home) && !existsSync(membershipFile(join(home, name)))
}

function checkWords({ name, words }: NodeProcess): Finding[] {
  return SECRET_FLAGS.filter((flag) => isShown(flag, words)).map((flag) => ({
    severity: 'warning',
    what: `${name} was started with --${flag} on the command line`,
    why: 'until the node had read it, every user of this machine could; a shell keeps it in its history',
    remedy: `write it to a file of your own (chmod 600) and start ${quoted(name)} with --${flag} @FILE`
  }))
}

/** A node that has hidden its words is one text with all of them. */
function isShown(flag: string, words: readonly string[]): boolean {
  const text = words.join(' ')
  const at = text.search(new RegExp(`(^| )--${flag}[ =]`))
  const value = at === -1 ? '' : text.slice(at).trim().slice(`--${flag} `.length)
  return value !== '' && (value.startsWith(HIDDEN) || !value.startsWith('@'))
}

function isApi({ port }: ListenAddress, url: URL): boolean {
  return port === Number(url.port || (url.protocol === 'https:' ? 443 : 80))
}

function show({ host, port }: ListenAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
