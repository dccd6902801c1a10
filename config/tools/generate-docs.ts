/** Writes docs/cli.md and docs/configuration.md from the program's own tables: what it takes is the truth, the pages follow. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { COMMANDS } from '../../src/cli/commands.ts'
import { commandReference } from '../../src/cli/manual/command-reference.ts'
import { settingsReference } from '../../src/cli/manual/settings-reference.ts'

/** Path from the root → its text. */
export function generateDocs(): Map<string, string> {
  return new Map([
    ['docs/cli.md', commandReference(COMMANDS)],
    ['docs/configuration.md', settingsReference()]
  ])
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of generateDocs()) {
    writeFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), text)
  }
}
