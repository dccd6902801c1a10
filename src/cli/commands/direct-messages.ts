/** `taskmesh send` and `taskmesh inbox`: a message to one peer, and the program there that reads and answers it. */
import { EXIT } from '../exit-codes.ts'
import { MeshError } from '../../core/errors.ts'
import { asRecord, parseJson } from '../../core/json.ts'
import { checkAddress } from '../../config/address.ts'
import { flag } from '../command.ts'
import { printableJson } from '../../core/plain-text.ts'
import { TALK_FLAGS, authorOf, readMessage, timeOf, visitToTalk } from '../talk-visit.ts'
import { untilAborted } from '../until-aborted.ts'
import { deferred } from '../../core/abort.ts'
import type { AnyJson } from '../../messages/topic-message.ts'
import type { CliCommand, CommandContext } from '../command.ts'
import type { Deferred } from '../../core/abort.ts'
import type { DirectMessage, MessageHandler } from '../../messages/inbox.ts'
import type { MeshClient } from '../../client/mesh-client.ts'

const TIMEOUT_DEFAULT_MS = 15_000

export const sendCommand: CliCommand = {
  words: 'send',
  summary: 'send a message to a program at one peer, print its answer',
  positionals: [
    { name: 'peer', describe: 'peer id or multiaddr of who listens' },
    { name: 'message', describe: 'text, a JSON object or list, or - for stdin' }
  ],
  flags: {
    timeout: flag('text', 'wait no longer than this for the answer [15s]'),
    ...TALK_FLAGS
  },
  examples: [
    ['taskmesh send 12D3KooW… \'{"ask":"temperature"}\'', 'the answer as JSON'],
    ['taskmesh send /ip4/10.0.0.7/tcp/51901 "lunch?"', 'by address']
  ],
  notes:
    'Exit code 0 once a program there has taken it. NOBODY_LISTENS: the peer is there, and no program of its own listens.',
  run: async (context) => {
    const { args, output, terminal } = context
    const { signal } = terminal
    const given = args.positional('message')
    const text = given === '-' ? (await terminal.readStdin()).toString().trimEnd() : given
    const to = args.positional('peer')
    const peer = to.startsWith('/') ? checkAddress(to, 'peer') : to
    const timeoutMs = args.durationMs('timeout') ?? TIMEOUT_DEFAULT_MS
    const answered = await visitToTalk(context, (mesh) =>
      mesh.messages.send(peer, readMessage(text), { timeoutMs, signal })
    )
    const { answer } = answered
    if (output.isForPrograms) output.record({ delivered: true, ...answered })
    else if (answer === undefined) output.note('delivered')
    else output.line(typeof answer === 'string' ? answer : printableJson(JSON.stringify(answer)))
    return EXIT.completed
  }
}

export const inboxCommand: CliCommand = {
  words: 'inbox',
  summary: 'show messages that are sent to you, and answer them, until Ctrl-C',
  flags: {
    answer: flag('text', 'the answer to each: text, or a JSON object or list'),
    answers: flag('switch', 'read answers from stdin: lines of JSON, {"id": 1, "answer": …}'),
    count: flag('text', 'end after so many messages'),
    listen: flag('list', 'multiaddr to listen on (repeatable) [none: through a relay]'),
    ...TALK_FLAGS
  },
  examples: [
    ['taskmesh inbox', 'others send by: taskmesh send PEER …'],
    ['taskmesh inbox --answer \'{"ok":true}\'', 'the same answer to all'],
    ['taskmesh inbox --json --answers < answers.fifo', 'a program that reads and answers'],
    ['taskmesh inbox --listen /ip4/0.0.0.0/tcp/51901', 'on an address of your own']
  ],
  run: async (context) => {
    const listen = context.args.list('listen').map((text) => checkAddress(text, '--listen'))
    await visitToTalk(context, (mesh) => listenForMessages(mesh, context), {
      listen,
      isReachable: listen.length === 0,
      hears: true
    })
    return EXIT.completed
  }
}

async function listenForMessages(mesh: MeshClient, context: CommandContext): Promise<void> {
  const { args, output, terminal } = context
  const countMax = args.integer('count', 1) ?? Infinity
  const answers = new Answers()
  const fixed = args.text('answer')
  const done = deferred<void>()
  let id = 0
  const onMessage: MessageHandler = async (received, { signal }) => {
    id += 1
    const own = id
    const answer = args.has('answers') ? answers.wait(own, signal) : undefined
    tellDirect({ id: own, ...received }, context)
    try {
      return fixed === undefined ? await answer : readMessage(fixed)
    } finally {
      if (own >= countMax) done.resolve()
    }
  }
  const stop = mesh.messages.serve(onMessage)
  if (output.isForPrograms) output.noteRecord({ peer_id: mesh.selfPeer })
  else output.note(`others reach you by: taskmesh send ${mesh.selfPeer} MESSAGE`)
  const lines = args.has('answers') ? terminal.editLines('') : undefined
  if (lines !== undefined) void answers.read(lines).catch((cause: unknown) => done.reject(cause))
  await Promise.race([untilAborted(terminal.signal), done.promise])
  lines?.close()
  stop()
}

function tellDirect(
  { id, ...received }: DirectMessage & { id: number },
  { output }: CommandContext
): void {
  if (output.isForPrograms) return output.record({ id, ...received })
  const { at_ms: atMs, message } = received
  const text = typeof message === 'string' ? message : JSON.stringify(message)
  output.line(
    `${output.style.dim(timeOf(atMs))}  ${authorOf(received)} ${output.style.dim(`#${id}`)}  ${text}`
  )
}

/** Answers that a program writes, in whatever order. */
class Answers {
  readonly #waiting = new Map<number, Deferred<AnyJson>>()

  async wait(id: number, signal: AbortSignal): Promise<AnyJson> {
    const one = deferred<AnyJson>()
    this.#waiting.set(id, one)
    signal.addEventListener('abort', () => one.reject(signal.reason), { once: true })
    return await one.promise.finally(() => this.#waiting.delete(id))
  }

  /** @throws MeshError REQUEST_NOT_JSON, FIELD_INVALID */
  async read(lines: AsyncIterable<string>): Promise<void> {
    for await (const line of lines) {
      if (line.trim() === '') continue
      const { answer, id } = asRecord(parseJson(line))
      const one = typeof id === 'number' ? this.#waiting.get(id) : undefined
      if (typeof id !== 'number' || answer === undefined) {
        throw new MeshError('FIELD_INVALID', 'an answer is {"id": 1, "answer": …}', {
          path: '--answers'
        })
      }
      one?.resolve(answer as AnyJson)
    }
  }
}
