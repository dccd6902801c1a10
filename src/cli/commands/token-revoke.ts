/** `taskmesh token revoke`: a join token is worth nothing from now on, and neither is what came of it. */
import { EXIT } from '../exit-codes.ts'
import { MeshError } from '../../core/errors.ts'
import { OPERATOR_NOTES, spreadLine } from './node-membership.ts'
import { VISITOR_FLAGS, flag } from '../command.ts'
import { plural } from '../render.ts'
import { pronounce } from '../verdicts.ts'
import { readJoinToken } from '../../membership/join-tokens.ts'
import { readTokenText } from '../token-text.ts'
import type { CliCommand } from '../command.ts'

const SERIAL = /^[\w-]{8,32}$/

export const tokenRevokeCommand: CliCommand = {
  words: 'token revoke',
  summary: 'take a join token back, and ban all who have come by it',
  positionals: [{ name: 'token', describe: 'its id, the token itself, @FILE with it, or -' }],
  flags: {
    yes: { ...flag('switch', 'ban those who have come by it, too'), alias: 'y' },
    message: { ...flag('text', 'why; they get to read it'), alias: 'm' },
    ...VISITOR_FLAGS
  },
  examples: [['taskmesh token revoke Qm3kd9s0aaZ1 --yes -m "was in a chat"', 'by its id']],
  notes: OPERATOR_NOTES,
  run: async ({ args, output, terminal }) => {
    const given = await readTokenText(args, terminal)
    const subject = SERIAL.test(given) ? given : readJoinToken(given).jti
    if (!args.has('yes')) {
      throw new MeshError('FIELD_MISSING', 'all who have come by this token are banned with it', {
        path: '--yes',
        hint: '`taskmesh node list --members -o wide` shows who came by which token; if that is what you want, add --yes'
      })
    }
    const verdict = { subject, decision: 'ban', reason: args.text('message') } as const
    const spread = await pronounce(args, terminal, verdict, (whole) => whole)
    const gone = spread.members.length
    output.value(spread, () => spreadLine(spread))
    if (gone > 0) output.note(`${plural(gone, 'member')} came by it, and must leave`)
    return EXIT.completed
  }
}
