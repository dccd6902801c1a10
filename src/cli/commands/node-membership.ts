/** `taskmesh node approve`, `reject`, `ban` and `pardon`: an operator decides who belongs to the mesh. */
import { EXIT } from '../exit-codes.ts'
import { VISITOR_FLAGS, flag } from '../command.ts'
import { formatLabels, plural, shortPeer } from '../render.ts'
import { memberOf, peerMeant } from '../known-member.ts'
import { pronounce } from '../verdicts.ts'
import { readPair } from '../../config/read-option.ts'
import { visitAsOperator } from '../operator-visit.ts'
import type { CliCommand, CommandContext, Flags, Positional } from '../command.ts'
import type { Spread, Verdict } from '../verdicts.ts'

const PEER: Positional = { name: 'peer', describe: 'peer id, or its first or last letters' }
const MESSAGE: Flags = {
  message: { ...flag('text', 'why; the node and other operators get to read it'), alias: 'm' }
}

export const OPERATOR_NOTES: string = [
  'This is for operators: run it in the home of the authority, or in one that has joined with a token of --role',
  'operator. It asks the bootstraps of this home, those that its token has named, and those of --bootstrap.'
].join(' ')

export const nodeApproveCommand: CliCommand = {
  words: 'node approve',
  summary: 'let a node in that waits for it',
  positionals: [PEER],
  flags: {
    label: flag('list', 'label k=v that it has and cannot change (repeatable)'),
    ...MESSAGE,
    ...VISITOR_FLAGS
  },
  examples: [['taskmesh node approve GYkZzB --label zone=berlin', 'the letters that tables show']],
  notes: OPERATOR_NOTES,
  run: (context) => decide(context, 'approve')
}

export const nodeRejectCommand: CliCommand = {
  words: 'node reject',
  summary: 'send a node away that waits to be let in',
  positionals: [PEER],
  flags: { ...MESSAGE, ...VISITOR_FLAGS },
  examples: [
    ['taskmesh node reject GYkZzB -m "whose is it?"', 'it may come again with another token']
  ],
  notes: OPERATOR_NOTES,
  run: (context) => decide(context, 'reject')
}

export const nodeBanCommand: CliCommand = {
  words: 'node ban',
  summary: 'make a node leave the mesh, and keep it out',
  positionals: [PEER],
  flags: { ...MESSAGE, ...VISITOR_FLAGS },
  examples: [['taskmesh node ban GYkZzB -m stolen', 'every node hears of it within a minute']],
  notes: `${OPERATOR_NOTES}\n\nWhere the authority's key is at hand, it signs the ban itself: nobody else can take it back, and it is kept for later where no node can be reached.`,
  run: (context) => pronounceOn(context, 'ban')
}

export const nodePardonCommand: CliCommand = {
  words: 'node pardon',
  summary: 'take a ban back',
  positionals: [PEER],
  flags: { ...MESSAGE, ...VISITOR_FLAGS },
  examples: [['taskmesh node pardon GYkZzB', 'the node comes back with what it had']],
  notes: `${OPERATOR_NOTES}\n\nWhat the authority has banned, only the authority pardons.`,
  run: (context) => pronounceOn(context, 'pardon')
}

/** What came of a ban or a pardon. */
export function spreadLine({ asked, decision, is_kept: isKept, know, subject }: Spread): string {
  const done = `${decision === 'ban' ? 'banned' : 'pardoned'} ${shortPeer(subject)}`
  if (isKept) {
    return `${done}; no node can be reached: it is kept beside the authority's key, and told when a node starts in this home`
  }
  const rest = asked > know ? '; the others hear of it when they are back' : ''
  return `${done}; ${know} of ${plural(asked, 'node')} know${rest}`
}

async function decide(
  { args, output, terminal }: CommandContext,
  decision: 'approve' | 'reject'
): Promise<number> {
  const reason = args.text('message')
  const pairs = args.list('label').map((text) => readPair(text, '--label'))
  const decided = await visitAsOperator(args, terminal, async (visit) => {
    const member = memberOf(args.positional('peer'), await visit.members())
    const params = {
      subject: member.peer_id,
      decision,
      ...(reason === undefined ? {} : { reason }),
      ...(pairs.length === 0 ? {} : { labels: Object.fromEntries(pairs) as Record<string, string> })
    }
    const { state } = await visit.decide(params, member.issuer)
    return { ...member, labels: { ...member.labels, ...params.labels }, state }
  })
  const { labels, peer_id: peer, role = 'node', state } = decided
  const withLabels = Object.keys(labels).length === 0 ? '' : `, ${formatLabels(labels)}`
  output.value(decided, () => `${state} ${role} ${shortPeer(peer)}${withLabels}`)
  return EXIT.completed
}

async function pronounceOn(
  { args, output, terminal }: CommandContext,
  decision: Verdict['decision']
): Promise<number> {
  const verdict = { subject: args.positional('peer'), decision, reason: args.text('message') }
  const spread = await pronounce(args, terminal, verdict, peerMeant)
  output.value(spread, () => spreadLine(spread))
  return EXIT.completed
}
