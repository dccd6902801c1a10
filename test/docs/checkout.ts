/** What whoever follows the manual has on a machine: a home with a checkout in it, and the commands of one after `npm ci`. */
import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { BINARY, PROJECT } from '../support/running-taskmesh.ts'

/** What pages hand in: of a link nodes take nothing. */
const COPIED = ['README.md', 'LICENSE', 'package.json', 'docs', 'examples']
const LINKED = ['test', 'node_modules', 'schemas', 'src']

/** A program imports `taskmesh` of its own package, whose sources need no build. */
const NODE = `exec '${process.execPath}' --conditions=taskmesh-source "$@"`
const TASKMESH = `exec '${process.execPath}' '${BINARY}' "$@"`
const NPX = `
case "$1" in
  taskmesh) shift; ${TASKMESH};;
  node) shift; ${NODE};;
  *) echo "npx $1: not in the manual's checkout" >&2; exit 1;;
esac`

/** @returns the environment of its terminals */
export function prepareFolder(folder: string): Readonly<Record<string, string>> {
  const commands = join(folder, 'bin')
  mkdirSync(join(folder, 'desk'))
  mkdirSync(commands)
  for (const [name, text] of Object.entries({ node: NODE, npx: NPX, taskmesh: TASKMESH })) {
    writeFileSync(join(commands, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 })
  }
  const path = [commands, dirname(process.execPath), process.env['PATH']].join(':')
  return { LANG: 'C.UTF-8', PATH: path, USER: 'me' }
}

/** Where somebody is on a machine: `~`, and the checkout at once. */
export function prepareHome(folder: string, machine: string): string {
  const home = join(folder, machine)
  if (existsSync(home)) return home
  mkdirSync(home)
  for (const name of COPIED) cpSync(join(PROJECT, name), join(home, name), { recursive: true })
  for (const name of LINKED) symlinkSync(join(PROJECT, name), join(home, name))
  return home
}
