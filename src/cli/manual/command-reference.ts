/** docs/cli.md: every command with its flags, from the same table as `--help`. */
import { variableOf } from '../../config/options.ts'
import { EXIT_TABLE } from '../exit-codes.ts'
import { shapeOf } from '../command.ts'
import { FLAG_GROUPS, flagShape, flagsOf } from './flag-groups.ts'
import { code, markdownTable, prose, sentence } from './markdown.ts'
import type { CliCommand, Flag } from '../command.ts'
import type { FlagGroup } from './flag-groups.ts'

const HEAD = `# The command line

Every command and every flag, as \`taskmesh COMMAND --help\` has them. This page is made from the program (\`npm run generate\`), and a test
holds it to that. \`taskmesh man | man -l -\` shows the same as a manual page; \`taskmesh completion bash\`, \`zsh\` or \`fish\` prints
what completes all of it in a shell ([install.md](install.md)).

A flag with a variable belongs to a place rather than to one call: what is set there counts where the flag is not given. Lists have commas in
a variable; a flag that may be repeated is repeated. Settings of nodes can stand in a file, too: [configuration.md](configuration.md).`

export function commandReference(commands: readonly CliCommand[]): string {
  return `${[
    HEAD,
    '## Commands',
    commands
      .map(({ summary, words }) => `- [\`${words}\`](#${anchorOf(words)}): ${summary}`)
      .join('\n'),
    ...commands.map(section),
    ...FLAG_GROUPS.map(({ flags, title }) => `## ${title}\n\n${flagTable(Object.entries(flags))}`),
    `## Exit codes\n\n${markdownTable(
      ['code', 'meaning'],
      EXIT_TABLE.map(([exitCode, meaning]) => [String(exitCode), prose(meaning)])
    )}`
  ].join('\n\n')}\n`
}

function section(command: CliCommand): string {
  const { examples, notes, positionals = [], summary, words } = command
  const { own, shared } = flagsOf(command)
  const usage = ['taskmesh', words, ...positionals.map(shapeOf), '[flags]'].join(' ')
  return [
    `## ${words}`,
    sentence(summary),
    `\`\`\`\n${usage}\n\`\`\``,
    ...(positionals.length === 0
      ? []
      : [positionals.map((one) => `- \`${shapeOf(one)}\`: ${prose(one.describe)}`).join('\n')]),
    ...(own.length === 0 ? [] : [flagTable(own)]),
    ...(shared.length === 0 ? [] : [`And: ${shared.map(linkTo).join('; ')}.`]),
    ...(notes === undefined ? [] : [prose(notes)]),
    ...(examples.length === 0 ? [] : [exampleBlock(examples)])
  ].join('\n\n')
}

/** What a line does stands above it, as in a shell's script. */
function exampleBlock(examples: CliCommand['examples']): string {
  const lines = examples.flatMap(([line, what]) => [...(what === '' ? [] : [`# ${what}`]), line])
  return ['```sh', ...lines, '```'].join('\n')
}

function flagTable(flags: readonly (readonly [string, Flag])[]): string {
  const rows = flags.map(([name, flag]) => [
    code(flagShape(name, flag)),
    flag.hasVariable ? code(variableOf(name)) : '',
    prose(flag.describe)
  ])
  return markdownTable(['flag', 'variable', ''], rows)
}

function linkTo({ title }: FlagGroup): string {
  return `[${title.toLowerCase()}](#${anchorOf(title)})`
}

function anchorOf(title: string): string {
  return title.toLowerCase().replaceAll(' ', '-')
}
