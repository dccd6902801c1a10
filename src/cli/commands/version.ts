/** `taskmesh version`. */
import { VERSION } from '../../core/version.ts'
import { EXIT } from '../exit-codes.ts'
import type { CliCommand } from '../command.ts'

export const versionCommand: CliCommand = {
  words: 'version',
  summary: 'print the version of taskmesh and of Node',
  flags: {},
  examples: [],
  run: async ({ output }) => {
    const facts = { taskmesh: VERSION, node: process.versions.node }
    output.value(facts, () => `taskmesh ${facts.taskmesh} (node ${facts.node})`)
    return EXIT.completed
  }
}
