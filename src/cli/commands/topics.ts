/** `taskmesh topic publish`, `subscribe` and `list`: what is said to all who listen. */
import { EXIT } from '../exit-codes.ts'
import { MeshError } from '../../core/errors.ts'
import { flag } from '../command.ts'
import { plural } from '../render.ts'
import { sleep } from '../../core/abort.ts'
import { systemClock } from '../../core/clock.ts'
import { TALK_FLAGS, readMessage, tellMessage, visitToTalk } from '../talk-visit.ts'
import type { CliCommand, CommandContext } from '../command.ts'
import type { Column } from '../render.ts'
import type { HeardMessage } from '../../messages/topic-message.ts'
import type { MeshClient } from '../../client/mesh-client.ts'
import type { Published, TopicView } from '../../messages/topics.ts'

const TOPIC = { name: 'name', describe: 'letters, digits, dots, hyphens, underscores' } as const
const WAIT_DEFAULT_MS = 3_000
/** A neighbour tells what it hears and carries in its first words. */
const LOOK_MS = 1_500

export const topicPublishCommand: CliCommand = {
  words: 'topic publish',
  summary: 'say something to all who listen to a topic now',
  positionals: [
    TOPIC,
    {
      name: 'message',
      describe: 'text, a JSON object or list, or - for stdin, each line a message [-]',
      isOptional: true
    }
  ],
  flags: {
    anyway: flag('switch', 'where nobody listens, too; by default that is an error'),
    wait: flag('text', 'for a listener, before that is said [3s]'),
    ...TALK_FLAGS
  },
  examples: [
    ['taskmesh topic publish builds "main is green"', 'a text'],
    ['taskmesh topic publish builds \'{"commit":"9f2c","ok":true}\'', 'JSON for programs'],
    ['tail -f app.log | taskmesh topic publish log -', 'each line as it comes']
  ],
  notes: 'Nothing is kept: who listens later has missed it. A message has 64 KiB at most.',
  run: async (context) => {
    const { args, output } = context
    const said = await visitToTalk(context, (mesh) => publishAll(mesh, context))
    const last = said.at(-1)
    if (last === undefined) return EXIT.completed
    if (output.isForPrograms) for (const one of said) output.record(one)
    else if (last.peers.length === 0)
      output.note(`published to ${args.positional('name')}; nobody listened`)
    else
      output.note(
        `${plural(said.length, 'message')} to ${plural(last.peers.length, 'peer')}, who pass on what they carry`
      )
    return EXIT.completed
  }
}

async function publishAll(
  mesh: MeshClient,
  { args, terminal }: CommandContext
): Promise<Published[]> {
  const { signal } = terminal
  const text = args.optionalPositional('message') ?? '-'
  const waitMs = args.durationMs('wait') ?? WAIT_DEFAULT_MS
  const options = { anyway: args.has('anyway'), waitMs, signal }
  const topic = args.positional('name')
  if (text !== '-') return [await publishPatiently(mesh, [topic, text], options)]
  const lines = terminal.editLines('')
  const stop = (): void => lines.close()
  signal.addEventListener('abort', stop, { once: true })
  const said: Published[] = []
  for await (const line of lines) {
    if (line === '') continue
    const one = await publishPatiently(mesh, [topic, line], options)
    // Of a stream without end the last is remembered.
    said.splice(0, said.length > REPORTED_MAX ? said.length : 0)
    said.push(one)
  }
  return said
}

const REPORTED_MAX = 10_000

/** Lines may come faster than one author may speak: then they wait. */
async function publishPatiently(
  mesh: MeshClient,
  [topic, text]: readonly [topic: string, text: string],
  options: { anyway: boolean; waitMs: number; signal: AbortSignal }
): Promise<Published> {
  for (;;) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one try after the other
      return await mesh.topics.publish(topic, readMessage(text), options)
    } catch (cause) {
      const { code, retryAfterMs = 1_000 } = MeshError.from(cause)
      if (code !== 'TOO_MANY_REQUESTS') throw cause
      // oxlint-disable-next-line no-await-in-loop
      await sleep(systemClock, retryAfterMs, options)
    }
  }
}

export const topicSubscribeCommand: CliCommand = {
  words: 'topic subscribe',
  summary: 'show what is said on a topic, until Ctrl-C',
  positionals: [TOPIC],
  flags: {
    count: flag('text', 'end after so many messages'),
    ...TALK_FLAGS
  },
  examples: [
    ['taskmesh topic subscribe builds', 'a line for each message'],
    ['taskmesh topic subscribe builds --json | jq .body', 'a JSON object for each'],
    ['taskmesh topic subscribe builds --count 1', 'wait for one']
  ],
  notes:
    'Each message shows the PeerId that has signed it, and its number: one that is left out was lost.',
  run: async (context) => {
    const { args, output, terminal } = context
    const countMax = args.integer('count', 1) ?? Infinity
    const topic = args.positional('name')
    const hear = async (mesh: MeshClient): Promise<void> => {
      const heard = mesh.topics.subscribe(topic, { signal: terminal.signal })
      output.note(output.stderrStyle.dim(`listening to ${topic}; Ctrl-C ends it`))
      await tellAll(heard, countMax, (message) => tellMessage(message, output))
    }
    await visitToTalk(context, hear, { hears: true })
    return EXIT.completed
  }
}

async function tellAll(
  heard: AsyncIterable<HeardMessage>,
  countMax: number,
  tell: (message: HeardMessage) => void
): Promise<void> {
  let count = 0
  for await (const message of heard) {
    tell(message)
    count += 1
    if (count >= countMax) return
  }
}

const TOPIC_COLUMNS: readonly Column<TopicView>[] = [
  { title: 'TOPIC', text: ({ topic }) => topic },
  { title: 'LISTENERS', text: ({ listeners }) => String(listeners), align: 'right' },
  { title: 'CARRIERS', text: ({ carriers }) => String(carriers), align: 'right' }
]

export const topicListCommand: CliCommand = {
  words: 'topic list',
  summary: 'show the topics that somebody listens to',
  flags: TALK_FLAGS,
  examples: [['taskmesh topic list', 'as the peers say that you are connected with']],
  notes:
    'LISTENERS are connected peers that listen themselves; CARRIERS are bootstraps and routers that carry it for others.',
  run: async (context) => {
    const { output, terminal } = context
    const topics = await visitToTalk(context, async (mesh) => {
      await sleep(systemClock, LOOK_MS, terminal)
      return mesh.topics.list()
    })
    output.rows(topics, TOPIC_COLUMNS, 'nobody listens to any topic')
    return EXIT.completed
  }
}
