/** Hands in a job file's content: `--key` and `--share` go into it, and the ids it got are said at once. */
import { flag } from './command.ts'
import type { ApiClient, Submission } from '../client/api-client.ts'
import type { CommandContext, Flags } from './command.ts'
import type { JobFileContent } from './job-document.ts'

export const HAND_IN_FLAGS: Flags = {
  key: flag('text', 'submit once: the same key again is the same job'),
  share: flag('text', 'whose share of the mesh it takes [yours]')
}

export async function handIn(
  client: ApiClient,
  content: JobFileContent,
  { args, output, terminal }: CommandContext
): Promise<Submission> {
  const key = args.text('key')
  const submission = await client.handIn(withShare(withKey(content, key), args.text('share')), {
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
