/** `taskmesh completion`: what completes commands in a shell, and what that asks for as one types. */
import { MeshError } from '../../core/errors.ts'
import { printable } from '../../core/plain-text.ts'
import { API_FLAGS } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { VALUE_KINDS } from '../manual/command-tree.ts'
import { SHELLS, completionScript } from '../manual/completion.ts'
import { connectToRouter } from '../router-connection.ts'
import type { AbortOptions } from '../../core/abort.ts'
import type { ApiClient } from '../../client/api-client.ts'
import type { CliCommand } from '../command.ts'
import type { ValueKind } from '../manual/command-tree.ts'

/** Whoever presses a key waits for that long, and no longer. */
const ASKING_MS = 1_500
const VALUES_MAX = 100

export const completionCommand: CliCommand = {
  words: 'completion',
  summary: 'print what completes taskmesh in a shell',
  positionals: [
    { name: 'shell', describe: `${SHELLS.join(', ')}; or ${VALUE_KINDS.join(', ')}: the newest` }
  ],
  flags: API_FLAGS,
  examples: [
    ['eval "$(taskmesh completion bash)"', 'in ~/.bashrc'],
    ['eval "$(taskmesh completion zsh)"', 'in ~/.zshrc, after compinit'],
    ['taskmesh completion fish | source', 'in ~/.config/fish/config.fish']
  ],
  run: async ({ args, commands, output, terminal }) => {
    const word = args.positional('shell')
    const shell = SHELLS.find((one) => one === word)
    const kind = VALUE_KINDS.find((one) => one === word)
    if (shell !== undefined) output.line(completionScript(shell, commands))
    else if (kind !== undefined) {
      const signal = AbortSignal.any([terminal.signal, AbortSignal.timeout(ASKING_MS)])
      const values = await valuesOf(kind, connectToRouter(args), { signal })
      for (const [value, what] of values) output.line(`${value}\t${printable(what)}`)
    } else throw unknown(word)
    return EXIT.completed
  }
}

async function valuesOf(
  kind: ValueKind,
  router: ApiClient,
  options: AbortOptions
): Promise<[string, string][]> {
  switch (kind) {
    case 'jobs': {
      const jobs = await router.jobs({ limit: VALUES_MAX }, options)
      return jobs.map(({ id, name, state }) => [id, `${state} ${name ?? ''}`.trim()])
    }
    case 'peers': {
      const nodes = await router.nodes({}, options)
      return nodes.slice(0, VALUES_MAX).map(({ peer_id: id, state }) => [id, state])
    }
    case 'files': {
      const { rows } = await router.files({ limit: VALUES_MAX }, options)
      return rows.map(({ id, name }) => [id, name ?? ''])
    }
  }
}

function unknown(word: string): MeshError {
  return new MeshError('FIELD_INVALID', `"${word}" is none of ${SHELLS.join(', ')}`, {
    path: 'shell'
  })
}
