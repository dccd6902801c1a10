/** The engines of a worker as a table: how far each keeps a task from the machine, what it holds it to, what it lets it reach. */
import { renderGrid } from './render.ts'
import type { NodeView } from '../model/generated/api-node.ts'

const TITLES = ['engine', 'isolation', 'holds', 'network']
/** What a worker does not say; an older one says nothing. */
const UNSAID = '–'
/** Of functions, programs or images in one line. */
const NAMES_SHOWN = 20

/** Facts of `node describe`. */
export function engineFacts(node: NodeView): [string, string][] {
  const { engines = [], functions = [], images = [], programs = [] } = node
  if (engines.length === 0) return [['engines', 'none']]
  const table = renderGrid([TITLES, ...engines.map((engine) => rowOf(engine, node))])
  return [
    ['engines', table],
    ...namesFact('functions', functions),
    ...namesFact('programs', programs),
    ...namesFact('images', images)
  ]
}

function namesFact(title: string, names: readonly string[]): [string, string][] {
  return names.length === 0 ? [] : [[title, someOf(names)]]
}

function rowOf(engine: string, { enforces, isolation, network }: NodeView): string[] {
  const name = engine as NonNullable<NodeView['network']>[number]
  const held = enforces?.[name]
  return [
    engine,
    isolation?.[name] ?? UNSAID,
    // Beside time and output, which all of them hold.
    held === undefined ? UNSAID : held.join(' ') || 'none',
    network === undefined ? UNSAID : network.includes(name) ? 'if asked for' : 'none'
  ]
}

function someOf(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN
  const shown = names.slice(0, NAMES_SHOWN).join(' ')
  return more > 0 ? `${shown} and ${more} more` : shown
}
