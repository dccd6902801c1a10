/** `taskmesh files info`: one file, who has it, and the link by which others can have it. */
import { printable } from '../../core/plain-text.ts'
import { API_FLAGS } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { connectToRouter } from '../router-connection.ts'
import { formatBytes } from '../../core/units.ts'
import { formatCount, plural, renderFacts } from '../render.ts'
import { readFileWord } from '../file-words.ts'
import { renderAmounts } from '../byte-amounts.ts'
import { timeOf } from '../columns.ts'
import type { CliCommand } from '../command.ts'
import type { FileView } from '../../model/generated/api-file.ts'
import type { Style } from '../render.ts'

export const filesInfoCommand: CliCommand = {
  words: 'files info',
  summary: 'show one file: who has it, and its link',
  positionals: [{ name: 'file', describe: 'id, its first digits (four at least), or link' }],
  flags: API_FLAGS,
  examples: [['taskmesh files info db0a5753ac26', 'the digits that tables show']],
  run: async ({ args, output, terminal }) => {
    const { id } = readFileWord(args.positional('file'))
    const file = await connectToRouter(args).file(id, { signal: terminal.signal })
    output.value(file, (style) => renderFile(file, style))
    return EXIT.completed
  }
}

function renderFile(file: FileView, style: Style): string {
  const { entry_count: entries, held_by: holders = [], progress } = file
  const kind = entries === undefined ? 'file' : `folder of ${plural(entries, 'file')}`
  const facts: [string, string][] = [
    ['id', style.bold(file.id)],
    ['name', file.name],
    ['size', `${formatBytes(file.size)} (${formatCount(file.size)} bytes)`],
    ['kind', file.state === 'complete' ? kind : '–'],
    [
      'router has',
      { complete: 'all of it', part: 'some of it', remote: 'nothing of it' }[file.state]
    ],
    ['stays there', staysOf(file)]
  ]
  if (file.piece_size !== undefined) {
    const count = plural(file.piece_count ?? 0, 'piece')
    facts.push(['pieces', `${count} of ${formatBytes(file.piece_size)}`])
  }
  if (progress !== undefined) facts.push(['fetching', progressOf(progress)])
  const shown = holders.map(({ peer_id, pinned, role }) =>
    [peer_id, role ?? '', pinned ? 'pinned' : ''].join(' ').trimEnd()
  )
  facts.push(['holders', [`${file.holders}`, ...shown].join('\n')])
  for (const { copies, copies_there: there, job_id: job, until } of file.keep ?? []) {
    facts.push(['kept', `${there ?? '–'} of ${copies} copies until ${timeOf(until)} by ${job}`])
  }
  return `${renderFacts(facts, style)}\n${printable(file.link ?? '')}`
}

function staysOf({ kept_until: until, pinned, state }: FileView): string {
  if (pinned) return 'until it is unpinned'
  if (until !== undefined) return `until ${timeOf(until)}`
  return state === 'remote' ? '–' : 'while there is room'
}

function progressOf(progress: NonNullable<FileView['progress']>): string {
  const { bytes, bytes_per_second: bytesPerSecond = 0, error, size: totalBytes } = progress
  if (error !== undefined) return `failed: ${error.code}: ${error.message}`
  return renderAmounts({ bytes, bytesPerSecond, totalBytes })
}
