/** `taskmesh man`. */
import { EXIT } from '../exit-codes.ts'
import { manPage } from '../manual/man-page.ts'
import type { CliCommand } from '../command.ts'

export const manCommand: CliCommand = {
  words: 'man',
  summary: 'print the manual page of taskmesh: every command and every flag',
  flags: {},
  examples: [['taskmesh man | man -l -', 'reads it']],
  run: async ({ commands, output }) => {
    output.line(manPage(commands))
    return EXIT.completed
  }
}
