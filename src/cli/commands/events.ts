/** `taskmesh events`: everything that happens in the mesh, as the router tells it. */
import { API_FLAGS, flag } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { renderEvent } from '../render-event.ts'
import { connectToRouter } from '../router-connection.ts'
import type { CliCommand } from '../command.ts'

export const eventsCommand: CliCommand = {
  words: 'events',
  summary: 'print what happens to jobs, workers and connections, one line each, until Ctrl-C',
  flags: {
    job: flag('text', 'only what happens to this job'),
    after: flag('text', 'begin after the event with this number [with what happens from now on]'),
    types: flag('list', 'only these, such as job, node or job:ended (repeatable)'),
    ...API_FLAGS
  },
  examples: [
    [
      'taskmesh events --types job:ended --types node',
      'ends of jobs, and workers that come and go'
    ],
    ['taskmesh events --after 1767225600000001 --json', 'for a program that was away']
  ],
  notes:
    'A `gap` stands for events that the router no longer remembers: then the state is to be read anew.',
  run: async ({ args, output, terminal }) => {
    const { signal } = terminal
    const events = connectToRouter(args).events({
      after: args.integer('after'),
      jobId: args.text('job'),
      types: args.list('types'),
      signal
    })
    try {
      for await (const event of events) {
        if (output.isForPrograms) output.record(event)
        else output.line(renderEvent(event, output.style))
      }
    } catch (cause) {
      // Ctrl-C is how a watch ends.
      if (!signal.aborted) throw cause
    }
    return EXIT.completed
  }
}
