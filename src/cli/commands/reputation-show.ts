/** `taskmesh reputation show`: what the router has itself seen of each worker. */
import { API_FLAGS } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { REPUTATION_COLUMNS, ageOf, fraction, latencyOf } from '../columns.ts'
import { renderFacts, withoutEllipsis } from '../render.ts'
import { connectToRouter } from '../router-connection.ts'
import type { CliCommand } from '../command.ts'
import type { ReputationView } from '../../model/generated/api-reputation.ts'
import type { Style } from '../render.ts'

export const reputationShowCommand: CliCommand = {
  words: 'reputation show',
  summary: 'show what the router has seen of its workers',
  positionals: [
    { name: 'peer', describe: 'only this one: peer id, or a part of it', isOptional: true }
  ],
  flags: API_FLAGS,
  examples: [['taskmesh reputation show', 'best first']],
  notes:
    'Reputation is the lower bound of the share of work done well, from outcomes this router saw itself; evidence is how many.',
  run: async ({ args, output, terminal }) => {
    const client = connectToRouter(args)
    const { signal } = terminal
    const peer = args.optionalPositional('peer')
    if (peer === undefined) {
      const rows = await client.reputation({ signal })
      const sorted = rows.toSorted(
        (left, right) =>
          right.reputation - left.reputation || left.peer_id.localeCompare(right.peer_id)
      )
      output.rows(sorted, REPUTATION_COLUMNS, 'nothing was seen yet: no worker has run a task')
      return EXIT.completed
    }
    const id = await wholeId(withoutEllipsis(peer), () => client.reputation({ signal }))
    const view = await client.reputationOf(id, { signal })
    output.value(view, (style) => renderReputation(view, style))
    return EXIT.completed
  }
}

/** The router wants whole ids here; what tables show is an end of one. */
async function wholeId(part: string, list: () => Promise<ReputationView[]>): Promise<string> {
  const found = (await list()).filter(
    ({ peer_id }) => peer_id.startsWith(part) || peer_id.endsWith(part)
  )
  return found.length === 1 ? (found[0]?.peer_id ?? part) : part
}

function renderReputation(view: ReputationView, style: Style): string {
  return renderFacts(
    [
      ['peer id', style.bold(view.peer_id)],
      ['reputation', `${fraction(view.reputation)} (expected ${fraction(view.expected)})`],
      ['evidence', `${view.evidence}: ${view.successes} good, ${view.failures} bad`],
      ['average', latencyOf(view.average_latency_ms)],
      ['first seen', view.first_seen_ms === null ? '–' : `${ageOf(view.first_seen_ms)} ago`],
      ['last seen', view.last_seen_ms === null ? '–' : `${ageOf(view.last_seen_ms)} ago`],
      ['last change', view.last_change ?? '–'],
      ['state', view.state ?? '–']
    ],
    style
  )
}
