/** `taskmesh job get`: fetches what a job has made: its outputs, a result that was moved aside, a long log. */
import { join } from 'node:path'
import { API_FLAGS, VISITOR_FLAGS, flag } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { FETCH_FLAGS, fetchAll } from '../fetch/session.ts'
import { MeshError } from '../../core/errors.ts'
import { connectToRouter } from '../router-connection.ts'
import { readTarget } from '../fetch/target.ts'
import { streamFile } from '../fetch/stream.ts'
import { toSafeName } from '../../model/safe-name.ts'
import type { AbortOptions } from '../../core/abort.ts'
import type { ApiClient } from '../../client/api-client.ts'
import type { Args } from '../args.ts'
import type { CliCommand } from '../command.ts'
import type { ItemView, JobView, OutputFile } from '../../model/generated/api-job.ts'
import type { Wanted } from '../fetch/getter.ts'

/** A result that was too long to be kept at the router. */
const RESULT_NAME = 'result.json'
const LOG_NAME = 'task.log'

export const jobGetCommand: CliCommand = {
  words: 'job get',
  summary: 'fetch the files that a job has made',
  positionals: [
    { name: 'id', describe: 'job id, or its first letters' },
    { name: 'name', describe: 'one output, by its name [all]', isOptional: true }
  ],
  flags: {
    ...FETCH_FLAGS,
    output: flag('text', 'folder to put it into, or - for stdout [.]'),
    item: flag('text', 'only of this task of an array job'),
    log: flag('switch', 'the whole log instead, where it is longer than the router keeps'),
    ...VISITOR_FLAGS,
    ...API_FLAGS
  },
  examples: [
    ['taskmesh job get j-7m2k', 'all that it has made, into this folder'],
    ['taskmesh job get j-7m2k model -o models/', 'one output, by its name'],
    ['taskmesh job get j-7m2k report -o -', 'to stdout'],
    ['taskmesh job get j-7m2k --item a -o results/', 'of one task of an array job']
  ],
  notes: `Tasks of an array job have a folder each, by their ids. A result that was too long for the router comes as ${RESULT_NAME}.`,
  run: async (context) => {
    const { args, terminal } = context
    const options = { signal: terminal.signal }
    const client = connectToRouter(args)
    const job = await client.job(args.positional('id'), options)
    const made = await madeBy(client, job, args, options)
    if (made.length === 0) throw nothing(job, args)
    const peers = await addressesOf(client, options)
    const peersOf = ({ worker }: Made): readonly string[] => peers.get(worker ?? '') ?? []
    if (args.text('output') === '-') {
      const only = onlyOne(made)
      await streamFile(context, only.name, { id: only.file.file, peers: peersOf(only) })
      return EXIT.completed
    }
    const { folder } = await readTarget(`${args.text('output') ?? '.'}/`, undefined)
    const wanted = made.map((one): Wanted => ({
      id: one.file.file,
      peers: peersOf(one),
      target: {
        folder: job.item_count > 1 ? join(folder, toSafeName(one.item)) : folder,
        name: toSafeName(one.name)
      }
    }))
    await fetchAll(context, { folder, name: job.id, title: job.id, wanted })
    return EXIT.completed
  }
}

/** @throws MeshError FIELD_INVALID */
function onlyOne(made: readonly Made[]): Made {
  const [only, ...others] = made
  if (only !== undefined && others.length === 0) return only
  throw new MeshError('FIELD_INVALID', `stdout takes one file, and these are ${made.length}`, {
    path: '--output',
    hint: 'name one of them: taskmesh job get ID NAME; of an array job, with --item'
  })
}

interface Made {
  item: string
  name: string
  file: Pick<OutputFile, 'file'>
  worker: string | null
}

async function madeBy(
  client: ApiClient,
  job: JobView,
  args: Args,
  options: AbortOptions
): Promise<Made[]> {
  const name = args.optionalPositional('name')
  const made: Made[] = []
  for await (const item of client.allItems(job.id, {}, options)) {
    if (item.id !== (args.text('item') ?? item.id)) continue
    const files = args.has('log') ? await logOf(client, job, item, options) : filesOf(item)
    made.push(...files.filter((file) => file.name === (name ?? file.name)))
  }
  return made
}

function filesOf({ id: item, output_file: result, outputs = [], worker }: ItemView): Made[] {
  const made = outputs.map((file) => ({ item, name: file.name, file, worker }))
  return result === undefined ? made : [...made, { item, name: RESULT_NAME, file: result, worker }]
}

/** Of the last attempt that has one. */
async function logOf(
  client: ApiClient,
  job: JobView,
  { id: item }: ItemView,
  options: AbortOptions
): Promise<Made[]> {
  const attempts = await client.attempts(job.id, { item }, options)
  const last = attempts.findLast(({ log_file: file }) => file !== undefined)
  if (last?.log_file === undefined) return []
  return [{ item, name: LOG_NAME, file: last.log_file, worker: last.worker }]
}

/** Where the workers are that made it; whoever else has it is found on the way. */
async function addressesOf(
  client: ApiClient,
  options: AbortOptions
): Promise<Map<string, readonly string[]>> {
  const nodes = await client.nodes({}, options)
  return new Map(nodes.map(({ addresses, peer_id: peer }) => [peer, addresses]))
}

function nothing({ id, state }: JobView, args: Args): MeshError {
  const name = args.optionalPositional('name')
  const what = args.has('log') ? 'log of its own' : name === undefined ? 'file' : `output "${name}"`
  return new MeshError('FILE_NOT_FOUND', `the job ${id}, which is ${state}, has no ${what}`, {
    hint: `see what it has: taskmesh job describe ${id}`
  })
}
