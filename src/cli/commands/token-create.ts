/** `taskmesh token create`: one text by which others become members of the mesh. */
import { EXIT } from '../exit-codes.ts'
import { MEMBER_ROLES } from '../../membership/documents.ts'
import { flag, setting } from '../command.ts'
import { isLoopbackAddress } from '../../config/address.ts'
import { makeToken } from '../new-token.ts'
import { minuteOf } from '../columns.ts'
import { plural } from '../render.ts'
import { systemClock } from '../../core/clock.ts'
import type { CliCommand } from '../command.ts'
import type { NewToken } from '../new-token.ts'
import type { Output } from '../output.ts'

export const tokenCreateCommand: CliCommand = {
  words: 'token create',
  summary: 'make a join token: one text by which others become members of the mesh',
  flags: {
    role: { ...flag('text', 'as what they come'), choices: MEMBER_ROLES },
    ttl: flag('text', 'how long it may be exchanged, such as 20m or 7d [1h]'),
    uses: flag('text', 'how many nodes may come by it [1]'),
    approve: flag('switch', 'whoever comes by it waits for `taskmesh node approve`'),
    label: flag('list', 'label k=v that they have and cannot change (repeatable)'),
    peer: flag(
      'text',
      'for this node alone: its certificate is in the token, nothing is exchanged'
    ),
    namespace: flag('text', 'where they work in the mesh, if they say nothing else'),
    bootstrap: flag('list', 'where the mesh is found (repeatable) [the bootstraps of this home]'),
    issuer: flag('text', 'peer id of the bootstrap that exchanges it [as --bootstrap names it]'),
    home: setting('text', 'folder with the state of nodes [~/.taskmesh]')
  },
  examples: [
    ['taskmesh token create --role worker --ttl 1h --uses 5', 'for five servers, within the hour'],
    ['taskmesh token create --role operator > token', 'for the laptop that decides about others'],
    ['taskmesh token create --role bootstrap --peer 12D3KooW…', 'for one that lets others in, too']
  ],
  notes: [
    'Whoever has the text has the right: hand it over as you would a password. It is made where the authority is, or in',
    'the home of a bootstrap that lets others in; the authority need not be there when it is exchanged.'
  ].join(' '),
  run: async ({ args, output }) => {
    const made = await makeToken(args, systemClock.wallMs())
    const { claims, text } = made
    const facts = {
      id: claims.jti,
      mesh: claims.iss,
      role: claims.role,
      expires_at_ms: claims.exp * 1_000,
      uses: claims.uses ?? null,
      issuer: claims.aud ?? null,
      bootstrap: claims.bootstrap
    }
    output.value({ token: text, ...facts }, () => text)
    sayWhatItIs(made, output)
    return EXIT.completed
  }
}

function sayWhatItIs({ claims, issuer }: NewToken, output: Output): void {
  const { approval, aud, bootstrap, certificate, exp, grant, jti, role, uses = 1 } = claims
  const forWhom = certificate === undefined ? plural(uses, role) : `one ${role}`
  const waits = approval === true ? ', each to be approved' : ''
  output.note(`token ${jti}: for ${forWhom}${waits}, until ${minuteOf(exp * 1_000)}`)
  if (bootstrap.length === 0) {
    output.alert(
      grant === undefined
        ? 'warning: it does not say where the mesh is; name it with --bootstrap'
        : 'it does not say where the mesh is, as is right for the first bootstrap; for another, name one with --bootstrap'
    )
  } else if (bootstrap.every(isLoopbackAddress)) {
    output.alert(
      'warning: it works on this machine only, as its bootstrap listens on loopback; start that with ' +
        '--listen /ip4/0.0.0.0/tcp/51820, or name its address with --bootstrap'
    )
  }
  if (role === 'bootstrap' && grant === undefined) {
    output.note(
      certificate === undefined
        ? 'a bootstrap that comes by it lets nobody in; for one that does, name it with --peer'
        : 'this bootstrap lets nobody in, as no authority is here; for one that does, make its token where that is'
    )
  }
  if (aud !== undefined && issuer?.isRunning === false) {
    output.note('the bootstrap that exchanges it does not run now; whoever comes waits for it')
  }
}
