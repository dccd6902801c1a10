/** What the node is in its mesh, what peers have done that no honest program does, and who is shut out for it. */
import { Link } from 'wouter-preact'
import { Card, CopyId, Facts } from '../parts/basics.tsx'
import { Empty, Failure, Skeleton } from '../parts/situations.tsx'
import { Icon } from '../parts/icons.tsx'
import { OFFENCES, REFUSALS } from './words.ts'
import { formatCount, formatMoment, formatSpan, shortPeer } from '../data/formats.ts'
import { get } from '../data/api.ts'
import { nowMs } from '../data/now.ts'
import { useLoad } from '../data/use-load.ts'
import type { JSX } from 'preact'
import type { SecurityView } from '../../model/generated/api-security.ts'

export function Peers(): JSX.Element {
  const { cause, reload, value } = useLoad('security', (signal) =>
    get<SecurityView>('/security', { signal })
  )
  if (value === undefined) {
    return (
      <Card title="Peers">
        {cause === undefined ? <Skeleton lines={4} /> : <Failure cause={cause} retry={reload} />}
      </Card>
    )
  }
  const again = (
    <button type="button" class="button small" onClick={reload}>
      <Icon name="replay" /> Read again
    </button>
  )
  return (
    <>
      <div class="cards">
        <Standing view={value} />
        <Counted
          title="Refused"
          counts={{ ...value.refused, dropped: value.dropped_records }}
          words={REFUSALS}
          nothing="Nobody was refused"
        />
      </div>
      <Card title="What peers have done wrong" aside={again}>
        <Counts
          counts={{ ...value.offences }}
          words={OFFENCES}
          nothing="Nothing since this node started"
        />
      </Card>
      <Shunned view={value} />
    </>
  )
}

function Standing({ view }: { view: SecurityView }): JSX.Element {
  const { certificate_until_ms: untilMs, mesh_id, notices, strangers } = view
  return (
    <Card title="In the mesh">
      {mesh_id === null ? (
        <p>
          This mesh is open: it takes anyone who knows an address.{' '}
          <span class="soft">
            <code>taskmesh init</code> makes one that takes only its members.
          </span>
        </p>
      ) : (
        <Facts
          rows={[
            ['Mesh', <CopyId key="mesh" id={mesh_id} what="mesh id" />],
            ['Role', view.role],
            ['Certificate until', untilMs === null ? 'none' : formatMoment(untilMs)],
            ['Bans and pardons', formatCount(notices)],
            ['Strangers connected', formatCount(strangers)]
          ]}
        />
      )}
    </Card>
  )
}

interface CountsProps {
  counts: Readonly<Record<string, number | undefined>>
  words: Readonly<Record<string, string>>
  nothing: string
}

function Counted({ title, ...rest }: CountsProps & { title: string }): JSX.Element {
  return (
    <Card title={title}>
      <Counts {...rest} />
    </Card>
  )
}

/** What never happened is left out. */
function Counts({ counts, nothing, words }: CountsProps): JSX.Element {
  const told = Object.entries(counts).filter(([, count = 0]) => count > 0)
  if (told.length === 0) {
    return (
      <p class="soft">
        <Icon name="completed" /> {nothing}.
      </p>
    )
  }
  return (
    <dl class="counted">
      {told.map(([key, count = 0]) => [
        <dt key={key}>{formatCount(count)}</dt>,
        <dd key={`${key}=`}>{words[key] ?? key}</dd>
      ])}
    </dl>
  )
}

function Shunned({ view }: { view: SecurityView }): JSX.Element {
  return (
    <Card title="Shut out now">
      {view.shunned.length === 0 && (
        <Empty icon="completed" title="Nobody">
          {view.shuns > 0 && <p>It has happened {formatCount(view.shuns)} times so far.</p>}
        </Empty>
      )}
      {view.shunned.length > 0 && (
        <div class="table-box">
          <table class="table" aria-label="Shut out now">
            <thead>
              <tr>
                <th>Peer</th>
                <th>What it did last</th>
                <th>For another</th>
              </tr>
            </thead>
            <tbody>
              {view.shunned.map(({ offence, peer_id, until_ms }) => (
                <tr key={peer_id}>
                  <th scope="row">
                    <Link href={`/mesh?node=${peer_id}`} title={peer_id}>
                      {shortPeer(peer_id)}
                    </Link>
                  </th>
                  <td>{OFFENCES[offence]}</td>
                  <td class="nowrap">{formatSpan(until_ms - nowMs.value)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  )
}
