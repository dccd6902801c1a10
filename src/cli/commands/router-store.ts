/** `taskmesh router check-store` and `router backup`: is the job store sound, and a copy of it. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { MeshError } from '../../core/errors.ts'
import { formatBytes } from '../../core/units.ts'
import { API_FLAGS, setting } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { formatCount, plural, renderFacts } from '../render.ts'
import { connectToRouter, homeOf } from '../router-connection.ts'
import type { CliCommand } from '../command.ts'
import type { StoreReport } from '../../jobs/sqlite/check.ts'
import type { Style } from '../render.ts'

/** What a router calls its store, in its own folder. */
const STORE_NAME = 'jobs.db'

export const routerCheckStoreCommand: CliCommand = {
  words: 'router check-store',
  summary: 'check whether the job store of a router that has stopped, or a backup, is sound',
  positionals: [
    { name: 'file', describe: 'store or copy of one [that of the router here]', isOptional: true }
  ],
  flags: { home: API_FLAGS['home'] ?? setting('text', '') },
  examples: [
    ['taskmesh router check-store', 'exit 1 if something is wrong with it'],
    ['taskmesh router check-store /mnt/backup/jobs.db', 'a backup, while the router runs']
  ],
  run: async ({ args, output }) => {
    const file = args.optionalPositional('file') ?? storeUnder(homeOf(args))
    // Imported only now: no other command opens a database.
    const { checkStore } = await import('../../jobs/sqlite/check.ts')
    const report = checkStore(file)
    output.value(report, (style) => renderReport(report, style))
    return report.problemCount === 0 ? EXIT.completed : EXIT.error
  }
}

export const routerBackupCommand: CliCommand = {
  words: 'router backup',
  summary: 'copy the job store of the running router, which goes on working',
  positionals: [
    {
      name: 'file',
      describe: "where to, on the router's machine [beside the store]",
      isOptional: true
    }
  ],
  flags: API_FLAGS,
  examples: [['taskmesh router backup /mnt/backup/jobs.db', 'then: router check-store of it']],
  run: async ({ args, output, terminal }) => {
    const file = args.optionalPositional('file')
    const backup = await connectToRouter(args).backup(file, { signal: terminal.signal })
    output.value(backup, () => `wrote ${backup.file} (${formatBytes(backup.bytes)})`)
    return EXIT.completed
  }
}

/** @throws MeshError FILE_NOT_FOUND, CONFIG_INVALID if there are several */
function storeUnder(home: string): string {
  const folders = existsSync(home) ? readdirSync(home, { withFileTypes: true }) : []
  const files = folders
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(home, name, STORE_NAME))
    .filter((file) => existsSync(file))
  const [only, second] = files
  if (only !== undefined && second === undefined) return only
  throw only === undefined
    ? new MeshError('FILE_NOT_FOUND', `no router has a job store under ${home}`, {
        hint: 'name the file, or the folder of nodes with --home'
      })
    : new MeshError('CONFIG_INVALID', `${files.length} routers have a job store here`, {
        path: 'file',
        hint: `name one: ${files.join(' or ')}`
      })
}

function renderReport(report: StoreReport, style: Style): string {
  const { byState, bytes, file, jobs, problemCount, problems } = report
  const states = Object.entries(byState).map(([state, count]) => `${formatCount(count)} ${state}`)
  const rest = problemCount - problems.length
  const verdict =
    problemCount === 0
      ? style.green('sound')
      : [
          style.red(plural(problemCount, 'problem')),
          ...problems,
          ...(rest > 0 ? [`… ${formatCount(rest)} more`] : [])
        ].join('\n')
  return renderFacts(
    [
      ['file', file],
      ['size', formatBytes(bytes)],
      ['jobs', [formatCount(jobs), ...states].join(', ')],
      ['store', verdict]
    ],
    style
  )
}
