/** `taskmesh config show`: the settings that a role would start with, and where each comes from. */
import { ROLES } from '../../config/options.ts'
import { loadConfig } from '../../config/load.ts'
import { MeshError } from '../../core/errors.ts'
import { flag } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { renderGrid } from '../render.ts'
import type { CliCommand } from '../command.ts'

export const configShowCommand: CliCommand = {
  words: 'config show',
  summary: 'show the settings a role would start with, and where each comes from',
  positionals: [{ name: 'role', describe: ROLES.join(', ') }],
  flags: { config: flag('text', 'config file (JSON)') },
  examples: [
    ['taskmesh config show worker', 'defaults, file and environment together'],
    ['taskmesh config show worker --json > worker.json', 'a config file to start from']
  ],
  run: async ({ args, output, terminal }) => {
    const role = ROLES.find((known) => known === args.positional('role'))
    if (role === undefined) {
      throw new MeshError(
        'FIELD_INVALID',
        `"${args.positional('role')}" is none of ${ROLES.join(', ')}`
      )
    }
    const { shown, origins } = loadConfig(role, { flags: args.texts, env: terminal.env })
    output.value(shown, (style) =>
      renderGrid(
        Object.entries(shown).map(([key, value]) => [
          key,
          typeof value === 'string' ? value : JSON.stringify(value),
          style.dim(origins[key] ?? '')
        ]),
        { head: ['SETTING', 'VALUE', 'FROM'].map((title) => style.dim(title)) }
      )
    )
    return EXIT.completed
  }
}
