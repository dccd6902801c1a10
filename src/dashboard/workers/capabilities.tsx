/** What a worker has and what it runs: its machine, its engines and how each is enclosed. */
import { Bar, Card, Facts } from '../parts/basics.tsx'
import { BYTES_PER_MB } from '../../core/units.ts'
import { Icon } from '../parts/icons.tsx'
import { Labels } from './cells.tsx'
import { formatBytes, formatDuration, formatShare } from '../data/formats.ts'
import type { JSX } from 'preact'
import type { NodeView } from '../../model/generated/api-node.ts'
import type { Tone } from '../parts/states.ts'

/** Of long lists the first are shown. */
const NAMES_SHOWN = 12

export function Machine({ node }: { node: NodeView }): JSX.Element {
  const { capabilities: own, host } = node
  return (
    <Card title="Machine">
      {own === undefined ? (
        <p class="soft">It has not said yet.</p>
      ) : (
        <Facts
          rows={[
            ['System', host && `${host.os} ${host.arch}, Node.js ${host.node}`],
            ['Processor', host?.cpu_model],
            [
              'Cores',
              `${own.cpu_cores} at ${own.cpu_speed_ghz} GHz` +
                (node.speed === undefined ? '' : `, reckoned with ${node.speed.toFixed(2)} GHz`)
            ],
            [
              'Processors busy',
              <Share
                key="cpu"
                ratio={own.cpu_usage / 100}
                text={formatShare(own.cpu_usage / 100)}
              />
            ],
            [
              'Memory',
              <Used key="memory" free={own.memory_available_mb} total={own.memory_total_mb} />
            ],
            ['Disk', <Used key="disk" free={own.disk_available_mb} total={own.disk_total_mb} />],
            ['GPU', gpuText(own)],
            [
              'Slowed down',
              node.slowdown === undefined ? undefined : `${node.slowdown.toFixed(2)} times`
            ]
          ]}
        />
      )}
    </Card>
  )
}

function gpuText(own: NonNullable<NodeView['capabilities']>): string {
  if (!own.gpu_available) return 'none'
  const memory =
    own.gpu_memory_mb === undefined ? '' : `, ${formatBytes(own.gpu_memory_mb * BYTES_PER_MB)}`
  return `${own.gpu_count ?? 1} × ${own.gpu_model ?? 'GPU'}${memory}`
}

function Used({ free, total }: { free: number; total: number }): JSX.Element {
  const text = `${formatBytes(free * BYTES_PER_MB)} of ${formatBytes(total * BYTES_PER_MB)} free`
  return <Share ratio={total === 0 ? 0 : 1 - free / total} text={text} />
}

function Share({ ratio, text, tone }: { ratio: number; text: string; tone?: Tone }): JSX.Element {
  return (
    <span class="meter">
      <Bar parts={[{ tone: tone ?? (ratio > 0.9 ? 'warn' : 'quiet'), ratio }]} text={text} />
      <span class="nowrap" aria-hidden="true">
        {text}
      </span>
    </span>
  )
}

const ISOLATION: Readonly<Record<string, string>> = {
  none: 'none: in the worker itself',
  thread: 'a thread',
  sandbox: 'a sandbox',
  container: 'a container'
}

export function Engines({ node }: { node: NodeView }): JSX.Element {
  const { enforces = {}, engines = [], isolation = {}, network = [] } = node
  return (
    <Card title="Engines">
      {engines.length === 0 ? (
        <p class="soft">It offers none.</p>
      ) : (
        <div class="table-box" tabIndex={0} role="region" aria-label="Engines">
          <table class="table">
            <thead>
              <tr>
                <th scope="col">Engine</th>
                <th scope="col">Enclosed by</th>
                <th scope="col">Holds tasks to</th>
                <th scope="col">Network</th>
              </tr>
            </thead>
            <tbody>
              {engines.map((engine) => (
                <tr key={engine}>
                  <th scope="row">{engine}</th>
                  <td>{ISOLATION[isolation[engine] ?? ''] ?? 'unknown'}</td>
                  <td>{enforces[engine]?.join(', ') || 'no limits'}</td>
                  <td>
                    {network.some((name) => name === engine) ? (
                      <>
                        <Icon name="completed" /> yes
                      </>
                    ) : (
                      'no'
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <Facts
        rows={[
          ['Functions', namesOf(node.functions)],
          ['Programs', namesOf(node.programs)],
          ['Images', namesOf(node.images)]
        ]}
      />
    </Card>
  )
}

function namesOf(names: readonly string[] | undefined): JSX.Element | undefined {
  if (names === undefined || names.length === 0) return undefined
  return (
    <span class="row tight">
      {names.slice(0, NAMES_SHOWN).map((name) => (
        <code key={name} class="tag">
          {name}
        </code>
      ))}
      {names.length > NAMES_SHOWN && (
        <span class="faint">and {names.length - NAMES_SHOWN} more</span>
      )}
    </span>
  )
}

export function WorkNow({ node }: { node: NodeView }): JSX.Element {
  const { in_flight, labels, queued, running, slots, wait_ms } = node
  const hasLabels = Object.keys(labels).length > 0
  return (
    <Card title="Work">
      <Facts
        rows={[
          [
            'Slots',
            <Share
              key="slots"
              tone="run"
              ratio={slots === 0 ? 0 : running / slots}
              text={`${running} of ${slots} busy`}
            />
          ],
          ['Waiting there', queued],
          ['Of this router', in_flight],
          [
            'A new task waits',
            wait_ms === undefined ? undefined : formatDuration(Math.round(wait_ms))
          ],
          ['Score now', node.score?.toFixed(2)],
          [
            'Labels',
            hasLabels ? (
              <span class="row tight">
                <Labels labels={labels} />
              </span>
            ) : undefined
          ]
        ]}
      />
    </Card>
  )
}
