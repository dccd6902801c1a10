/** `taskmesh router token create`, `list` and `revoke`: tokens of the API for programs and people that need not do everything. */
import { API_FLAGS, flag } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { MeshError } from '../../core/errors.ts'
import { SCOPES } from '../../http/caller.ts'
import { connectToRouter } from '../router-connection.ts'
import { minuteOf } from '../columns.ts'
import type { CliCommand } from '../command.ts'
import type { Column } from '../render.ts'
import type { TokenScope, TokenView } from '../../model/generated/api-token.ts'

const TOKEN_COLUMNS: readonly Column<TokenView>[] = [
  { title: 'id', text: ({ id }) => id },
  { title: 'name', text: ({ name }) => name },
  { title: 'scope', text: ({ scope }) => scope },
  { title: 'made', text: ({ created_at_ms: atMs }) => minuteOf(atMs) },
  { title: 'good until', text: ({ expires_at_ms: atMs }) => minuteOf(atMs) }
]

export const routerTokenCreateCommand: CliCommand = {
  words: 'router token create',
  summary: "make a token of the router's API: it is printed once, and kept nowhere",
  flags: {
    scope: {
      ...flag('text', 'read looks, submit also hands in, operate does everything'),
      choices: SCOPES
    },
    name: flag('text', 'who is to have it, such as ci'),
    ttl: flag('text', 'how long it is good for, such as 12h [30d]'),
    ...API_FLAGS
  },
  examples: [
    ['taskmesh router token create --scope submit --name ci --ttl 30d', 'for a build server'],
    ['taskmesh router token create --scope read --name wall > token', 'for a screen on the wall']
  ],
  notes: [
    'Whoever has it sends it as TASKMESH_TOKEN or --token. Jobs handed in with it belong to http/NAME, as do those of',
    'every other token of that name: with scope submit, only its own jobs can be stopped, held or released.'
  ].join(' '),
  run: async ({ args, output, terminal }) => {
    const ttl = args.text('ttl')
    const request = {
      name: needed('name', args.text('name')),
      // The parser takes no other.
      scope: needed('scope', args.text('scope')) as TokenScope,
      ...(ttl === undefined ? {} : { ttl })
    }
    const made = await connectToRouter(args).createToken(request, { signal: terminal.signal })
    output.value(made, () => made.token ?? '')
    const until = minuteOf(made.expires_at_ms)
    output.note(`token ${made.id} (${made.scope}) is good until ${until}; it is not shown again`)
    return EXIT.completed
  }
}

export const routerTokenListCommand: CliCommand = {
  words: 'router token list',
  summary: "list the tokens of the router's API that were made and are still good",
  flags: API_FLAGS,
  examples: [['taskmesh router token list', "the router's own is not among them"]],
  run: async ({ args, output, terminal }) => {
    const tokens = await connectToRouter(args).tokens({ signal: terminal.signal })
    output.rows(tokens, TOKEN_COLUMNS, 'no tokens were made, or all are over')
    return EXIT.completed
  }
}

export const routerTokenRevokeCommand: CliCommand = {
  words: 'router token revoke',
  summary: "take a token of the router's API back, at once",
  positionals: [{ name: 'id', describe: 'its id, as router token list shows it' }],
  flags: API_FLAGS,
  examples: [['taskmesh router token revoke k3v9x2mq', 'streams that it has open end, too']],
  run: async ({ args, output, terminal }) => {
    const id = args.positional('id')
    const revoked = await connectToRouter(args).revokeToken(id, { signal: terminal.signal })
    output.value(revoked, () => `revoked ${revoked.id} (${revoked.name}, ${revoked.scope})`)
    return EXIT.completed
  }
}

function needed(name: string, text: string | undefined): string {
  if (text !== undefined) return text
  throw new MeshError('FIELD_MISSING', `--${name} is missing`, { path: `--${name}` })
}
