/** `taskmesh chat`: people of the mesh in a room, each at a terminal of their own. */
import { ChatRoom } from '../../messages/chat-room.ts'
import { EXIT } from '../exit-codes.ts'
import { MeshError } from '../../core/errors.ts'
import { errorLine } from '../errors.ts'
import { printable, printableJson, printableLines } from '../../core/plain-text.ts'
import { systemClock } from '../../core/clock.ts'
import { systemRandom } from '../../core/random.ts'
import { TALK_FLAGS, authorOf, timeOf, visitToTalk } from '../talk-visit.ts'
import type { ChatEvent } from '../../messages/chat-room.ts'
import type { CliCommand, CommandContext } from '../command.ts'
import type { LineEditor } from '../line-editor.ts'
import type { MeshClient } from '../../client/mesh-client.ts'

const ROOM_DEFAULT = 'lobby'

export const chatCommand: CliCommand = {
  words: 'chat',
  summary: 'talk with the people of the mesh',
  positionals: [
    { name: 'name', describe: `the room, which is a topic [${ROOM_DEFAULT}]`, isOptional: true }
  ],
  flags: TALK_FLAGS,
  examples: [
    ['taskmesh chat --as ada', 'in the lobby'],
    ['taskmesh chat build-room --bootstrap /ip4/10.0.0.5/tcp/51820', 'elsewhere'],
    ['echo "backup done" | taskmesh chat --as backup', 'a program says something and leaves']
  ],
  notes:
    'Each line is said to all who are there. /who lists them; /quit, Ctrl-D or Ctrl-C leaves. Programs take part by `taskmesh topic`.',
  run: async (context) => {
    await visitToTalk(context, (mesh) => talk(mesh, context), { hears: true })
    return EXIT.completed
  }
}

async function talk(mesh: MeshClient, context: CommandContext): Promise<void> {
  const { args, output, terminal } = context
  const { topics } = mesh
  const room = args.optionalPositional('name') ?? ROOM_DEFAULT
  const chat = new ChatRoom({ topics, clock: systemClock, random: systemRandom }, { room })
  const leaving = new AbortController()
  const signal = AbortSignal.any([terminal.signal, leaving.signal])
  const lines = terminal.editLines('> ')
  signal.addEventListener('abort', () => lines.close(), { once: true })
  output.note(output.stderrStyle.dim(`you are ${mesh.selfPeer.slice(-6)} in ${room}; /quit leaves`))
  const hearing = hear(chat.enter({ signal }), lines, context)
  try {
    await speak(chat, lines, context)
  } finally {
    if (!terminal.signal.aborted) await chat.leave()
    leaving.abort()
    lines.close()
    await hearing
  }
}

async function hear(
  events: AsyncIterable<ChatEvent>,
  lines: LineEditor,
  { output }: CommandContext
): Promise<void> {
  for await (const event of events) {
    lines.print(
      output.isForPrograms
        ? printableJson(JSON.stringify(event))
        : printableLines(eventLine(event, output.style.dim))
    )
  }
}

function eventLine(event: ChatEvent, dim: (text: string) => string): string {
  const { at_ms: atMs, kind, text = '' } = event
  const who = authorOf(event)
  const time = dim(timeOf(atMs))
  return kind === 'said' ? `${time}  ${who}: ${text}` : `${time}  ${dim(`${who} ${kind}`)}`
}

/** Until /quit, or the end of what is typed. */
async function speak(chat: ChatRoom, lines: LineEditor, { output }: CommandContext): Promise<void> {
  for await (const line of lines) {
    const text = line.trim()
    if (text === '/quit') return
    if (text === '/who') lines.print(printable(namesOf(chat)))
    else if (text !== '') {
      try {
        // oxlint-disable-next-line no-await-in-loop -- in their order
        const count = await chat.say(line)
        if (count === 0) output.note('nobody else is here')
      } catch (cause) {
        output.alert(errorLine(MeshError.from(cause)))
      }
    }
  }
}

function namesOf({ people }: ChatRoom): string {
  return people.length === 0 ? 'nobody else is here' : people.map(authorOf).join(', ')
}
