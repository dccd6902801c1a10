/** Join tokens as they are typed: the text itself, `@FILE` with one inside, or `-` for stdin. */
import { MeshError } from '../core/errors.ts'
import { givenSecret } from '../core/secret-file.ts'
import type { Args } from './args.ts'
import type { Positional } from './command.ts'
import type { Terminal } from './terminal.ts'

export const TOKEN_POSITIONAL: Positional = {
  name: 'token',
  describe: 'the token, @FILE with one inside, or - for stdin'
}

/** @throws MeshError FIELD_INVALID */
export async function readTokenText(args: Args, terminal: Terminal): Promise<string> {
  const given = args.positional(TOKEN_POSITIONAL.name)
  if (given !== '-') return givenSecret(given, TOKEN_POSITIONAL.name)
  const text = (await terminal.readStdin()).toString().trim()
  if (text !== '') return text
  throw new MeshError('FIELD_INVALID', 'there is nothing on stdin', {
    path: TOKEN_POSITIONAL.name,
    hint: 'such as: taskmesh token create --role client | ssh LAPTOP taskmesh join -'
  })
}
