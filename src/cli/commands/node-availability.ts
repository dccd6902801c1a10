/** `taskmesh node cordon`, `uncordon` and `drain`: takes a worker out of service and back. */
import { sleepAwake } from '../../client/api-backoff.ts'
import { systemClock } from '../../core/clock.ts'
import { MeshError } from '../../core/errors.ts'
import { API_FLAGS, flag } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { plural, shortPeer, withoutEllipsis } from '../render.ts'
import { connectToRouter } from '../router-connection.ts'
import type { ApiClient } from '../../client/api-client.ts'
import type { AvailabilityRequest } from '../../model/generated/api-availability.ts'
import type { CliCommand, CommandContext } from '../command.ts'
import type { NodeView } from '../../model/generated/api-node.ts'
import type { Output } from '../output.ts'

const PEER = { name: 'peer', describe: 'peer id, or its first or last letters' } as const
const REASON = flag('text', 'for whoever asks later')

/** Workers tell their load every five seconds; looking more often shows an end sooner by little. */
const MONITOR_PERIOD_MS = 1_000

export const nodeCordonCommand: CliCommand = {
  words: 'node cordon',
  summary: 'let a worker take no new tasks; what runs there goes on',
  positionals: [PEER],
  flags: { reason: REASON, ...API_FLAGS },
  examples: [['taskmesh node cordon GYkZzB --reason "noisy fan"', 'node uncordon opens it again']],
  run: async (context) => {
    await setAvailability(context, 'cordoned')
    return EXIT.completed
  }
}

export const nodeUncordonCommand: CliCommand = {
  words: 'node uncordon',
  summary: 'let a worker take tasks again',
  positionals: [PEER],
  flags: API_FLAGS,
  examples: [['taskmesh node uncordon GYkZzB', '']],
  run: async (context) => {
    await setAvailability(context, 'open')
    return EXIT.completed
  }
}

export const nodeDrainCommand: CliCommand = {
  words: 'node drain',
  summary: 'empty a worker: no new tasks, and at the deadline what runs there goes elsewhere',
  positionals: [PEER],
  flags: {
    deadline: flag('text', 'how long its tasks may go on, such as 30m [as long as they take]'),
    undo: flag('switch', 'let it take tasks again'),
    monitor: flag('switch', 'wait until nothing runs there any more'),
    reason: REASON,
    ...API_FLAGS
  },
  examples: [
    ['taskmesh node drain GYkZzB --deadline 30m --monitor', 'then it may be switched off'],
    ['taskmesh node drain GYkZzB --undo', 'as you were']
  ],
  notes: 'What a drain moves elsewhere does not count among the attempts that a job has.',
  run: async (context) => {
    const { args, output, terminal } = context
    if (args.has('undo')) {
      await setAvailability(context, 'open')
      return EXIT.completed
    }
    const node = await setAvailability(context, 'draining')
    if (!args.has('monitor')) return EXIT.completed
    return monitorDrain(connectToRouter(args), node, output, terminal.signal)
  }
}

async function setAvailability(
  { args, output, terminal }: CommandContext,
  availability: AvailabilityRequest['availability']
): Promise<NodeView> {
  const [deadline, reason] = [args.text('deadline'), args.text('reason')]
  const node = await connectToRouter(args).setAvailability(
    withoutEllipsis(args.positional('peer')),
    {
      availability,
      ...(deadline === undefined || availability !== 'draining' ? {} : { deadline }),
      ...(reason === undefined ? {} : { reason })
    },
    { signal: terminal.signal }
  )
  output.value(node, () => lineOf(node))
  return node
}

/** Ctrl-C ends the looking, not the drain. */
async function monitorDrain(
  client: ApiClient,
  { peer_id: peer, running }: NodeView,
  output: Output,
  signal: AbortSignal
): Promise<number> {
  let known = running
  while (known > 0) {
    /* oxlint-disable no-await-in-loop */
    await sleepAwake(systemClock, MONITOR_PERIOD_MS, { signal })
    const node = await nodeUnlessGone(client, peer, signal)
    if (node === undefined) {
      output.note(`${shortPeer(peer)} has left the mesh`)
      return EXIT.completed
    }
    if (node.state !== 'draining' && node.state !== 'stopping' && node.running > 0) {
      output.note(`${shortPeer(peer)} is ${node.state} again`)
      return EXIT.error
    }
    if (node.running !== known) output.note(lineOf(node))
    known = node.running
    /* oxlint-enable no-await-in-loop */
  }
  output.note(`${shortPeer(peer)} is empty`)
  return EXIT.completed
}

async function nodeUnlessGone(
  client: ApiClient,
  peer: string,
  signal: AbortSignal
): Promise<NodeView | undefined> {
  try {
    return await client.node(peer, { signal })
  } catch (cause) {
    if (MeshError.from(cause).code === 'NODE_NOT_FOUND') return undefined
    throw cause
  }
}

function lineOf({ peer_id: peer, running, state }: NodeView): string {
  return `${shortPeer(peer)} ${state}, ${plural(running, 'task')} running`
}
