/**
 * Hands in a job file's content: what it names of this machine becomes files of the mesh, `--key` and `--share` go
 * into it, and the ids it got are said at once.
 */
import { addPaths } from './upload/add-files.ts'
import { flag } from './command.ts'
import { localFilesOf, withFileIds } from './local-files.ts'
import type { ApiClient, Submission } from '../client/api-client.ts'
import type { CommandContext, Flags } from './command.ts'
import type { JobFileContent } from './job-document.ts'

export const HAND_IN_FLAGS: Flags = {
  key: flag('text', 'submit once: the same key again is the same job'),
  share: flag('text', 'whose share of the mesh it takes [yours]')
}

/** What was added for a job alone stays so long at the router, even if the job has to wait. */
const ADDED_STAYS = '7d'

export async function handIn(
  client: ApiClient,
  content: JobFileContent,
  context: CommandContext
): Promise<Submission> {
  const { args, output, terminal } = context
  const key = args.text('key')
  const document = withShare(withKey(content, key), args.text('share'))
  const submission = await client.handIn(await withAddedFiles(client, document, context), {
    key,
    signal: terminal.signal,
    onPause: ({ code, message }) => output.note(`${code}: ${message}; trying again`)
  })
  if (!args.has('id-only') && !output.isForPrograms) {
    for (const { id } of submission.jobs) {
      output.note(submission.isNew ? `submitted ${id}` : `already submitted as ${id}`)
    }
  }
  return submission
}

/** A job is handed in when all of its files are there. */
async function withAddedFiles(
  client: ApiClient,
  document: object,
  context: CommandContext
): Promise<object> {
  const paths = localFilesOf(document)
  if (paths.length === 0) return document
  const { trees } = await addPaths(client, paths, { pin: true, until: ADDED_STAYS }, context)
  return withFileIds(document, new Map(trees.map(({ id, path }) => [path, id])))
}

/** What is said on the command line stands above the file; the jobs of a graph get a key each on the way. */
function withKey(content: JobFileContent, key: string | undefined): JobFileContent {
  if (content.kind === 'graph' || key === undefined) return content
  return { kind: 'job', document: { ...content.document, key } }
}

function withShare({ document, kind }: JobFileContent, share: string | undefined): object {
  if (share === undefined) return document
  if (kind === 'job') return { ...document, share }
  const jobs = Object.entries(document.jobs).map(([name, job]) => [name, { ...job, share }])
  return { ...document, jobs: Object.fromEntries(jobs) as typeof document.jobs }
}
