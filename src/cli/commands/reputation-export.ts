/** `taskmesh reputation export` and `reputation verify`: why scores are what they are, in a file that anyone can count again. */
import { printable } from '../../core/plain-text.ts'
import { API_FLAGS, flag } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { RECOUNT_COLUMNS } from '../reputation-columns.ts'
import { connectToRouter } from '../router-connection.ts'
import { formatCount, renderTable, shortPeer } from '../render.ts'
import { readTextFile } from '../local-files.ts'
import { timeOf } from '../columns.ts'
import { verifyExport } from '../../roles/reputation-export.ts'
import { wholePeer } from '../whole-peer.ts'
import type { CliCommand } from '../command.ts'
import type { RecountReport } from '../../reputation/recount.ts'
import type { Style } from '../render.ts'

export const reputationExportCommand: CliCommand = {
  words: 'reputation export',
  summary: 'print the evidence with its receipts, signed by the router',
  positionals: [{ name: 'peer', describe: 'only this worker', isOptional: true }],
  flags: API_FLAGS,
  examples: [['taskmesh reputation export > evidence.jsonl', 'to keep, or to show to others']],
  notes: 'Lines of JSON. `taskmesh reputation verify` checks them, without a router.',
  run: async ({ args, output, terminal: { signal } }) => {
    const client = connectToRouter(args)
    const part = args.optionalPositional('peer')
    const peer = part === undefined ? undefined : await wholePeer(part, client, { signal })
    for await (const chunk of await client.exportReputation({ peer, signal })) output.raw(chunk)
    return EXIT.completed
  }
}

export const reputationVerifyCommand: CliCommand = {
  words: 'reputation verify',
  summary: 'count an export again, and check its receipts',
  positionals: [{ name: 'file', describe: 'what `reputation export` has written' }],
  flags: {
    experience: flag('text', 'file with what the router signed before: hold the receipts to that')
  },
  examples: [['taskmesh reputation verify evidence.jsonl', 'needs no router']],
  notes:
    'Receipts are signed by the workers. What is lost, late or wrong has none that says so: that is the word of the router, which has signed all of it.',
  run: async ({ args, output }) => {
    const word = args.text('experience')
    const heard = word === undefined ? undefined : readTextFile(word, '--experience')
    const report = await verifyExport(args.positional('file'), heard)
    output.value(report, (style) => renderReport(report, style, output.format === 'wide'))
    return report.findings.length === 0 ? EXIT.completed : EXIT.error
  }
}

function renderReport(report: RecountReport, style: Style, isAll: boolean): string {
  const { exported_at_ms: atMs, findings, held, lines, router, workers } = report
  const heldTo = held === undefined ? '' : `; the receipts of ${held} workers held to its own word`
  const head = `${formatCount(lines)} lines by router ${shortPeer(router)}, ${timeOf(atMs)}${heldTo}`
  const verdict =
    findings.length === 0
      ? style.green('all scores follow from the evidence, all signatures are right')
      : findings.map((finding) => style.red(`WRONG: ${printable(finding)}`)).join('\n')
  if (workers.length === 0) return `${head}\n${verdict}`
  const columns = RECOUNT_COLUMNS.filter(({ isWide }) => isAll || isWide !== true)
  return `${head}\n${verdict}\n\n${renderTable(workers, columns, style)}`
}
