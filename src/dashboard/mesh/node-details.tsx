/** One node of the map, with all of its links. */
import { Link } from 'wouter-preact'
import { Badge, CopyId, Facts, StateBadge } from '../parts/basics.tsx'
import { Icon } from '../parts/icons.tsx'
import { LINK_STYLES } from './link-styles.ts'
import { formatLatency } from '../workers/cells.tsx'
import { formatSpan, plural, shortPeer } from '../data/formats.ts'
import type { JSX } from 'preact'
import type { MapLink, MapNode, MapView } from '../../model/generated/api-map.ts'

/** Of a bootstrap in a mesh of a thousand nobody reads all. */
const LINKS_SHOWN = 60

interface DetailsProps {
  node: MapNode
  map: MapView
  onSelect: (peer: string | undefined) => void
}

export function NodeDetails({ map, node, onSelect }: DetailsProps): JSX.Element {
  const names = new Map(map.nodes.map(({ name, peer_id }) => [peer_id, name]))
  const nameOf = (peer: string): string => names.get(peer) ?? shortPeer(peer)
  const links = map.links.filter(({ from, to }) => from === node.peer_id || to === node.peer_id)
  const relayed = map.links.filter(({ relay }) => relay === node.peer_id)
  return (
    <section class="mesh-details" aria-label={`Node ${nameOf(node.peer_id)}`}>
      <header>
        <h2 class="cut">{nameOf(node.peer_id)}</h2>
        <button
          type="button"
          class="button quiet icon-only small"
          aria-label="Close details"
          onClick={() => onSelect(undefined)}
        >
          <Icon name="close" />
        </button>
      </header>
      <Facts
        rows={[
          [
            'Role',
            <span key="role" class="row tight">
              {node.role}
              {node.state !== undefined && <StateBadge state={node.state} />}
              {node.is_self === true && (
                <Badge tone="quiet" icon="info">
                  shows these pages
                </Badge>
              )}
            </span>
          ],
          [
            'Peer id',
            <CopyId key="id" id={node.peer_id} short={shortPeer(node.peer_id)} what="peer id" />
          ],
          ['Its links', node.told_ms_ago === undefined ? 'by what others say' : toldText(node)],
          ['Relays', relayed.length === 0 ? undefined : plural(relayed.length, 'link of others')]
        ]}
      />
      {node.role === 'worker' && (
        <Link class="button" href={`/workers/${node.peer_id}`}>
          Open worker
        </Link>
      )}
      <h3>{plural(links.length, 'link')}</h3>
      <ul class="mesh-links">
        {links.slice(0, LINKS_SHOWN).map((link) => (
          <LinkRow
            key={`${link.from} ${link.to}`}
            link={link}
            of={node}
            {...{ nameOf, onSelect }}
          />
        ))}
      </ul>
      {links.length > LINKS_SHOWN && <p class="faint">and {links.length - LINKS_SHOWN} more</p>}
    </section>
  )
}

function toldText({ told_ms_ago = 0 }: MapNode): string {
  return `by itself, ${formatSpan(told_ms_ago)} ago`
}

interface LinkRowProps {
  link: MapLink
  of: MapNode
  nameOf: (peer: string) => string
  onSelect: (peer: string) => void
}

function LinkRow({ link, nameOf, of, onSelect }: LinkRowProps): JSX.Element {
  const { from, latency_ms, path, relay, to } = link
  const other = from === of.peer_id ? to : from
  return (
    <li>
      <button type="button" class="link-button cut" onClick={() => onSelect(other)}>
        {nameOf(other)}
      </button>
      <span class={path === 'relayed' ? 'path relayed' : 'path'}>
        {LINK_STYLES[path].title}
        {relay !== undefined && ` by ${nameOf(relay)}`}
      </span>
      <span class="soft nowrap">{typeof latency_ms === 'number' && formatLatency(latency_ms)}</span>
    </li>
  )
}
