/** `taskmesh job init`: writes an example job to start from. */
import { writeFileSync } from 'node:fs'
import { MeshError, messageOf } from '../../core/errors.ts'
import { flag } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import type { CliCommand } from '../command.ts'
import type { JobDocument } from '../../model/job.ts'

const FILE_DEFAULT = 'job.json'

const EXAMPLES: Readonly<Record<string, JobDocument>> = {
  javascript: {
    name: 'squares',
    task: { engine: 'javascript', source: 'function main (input) {\n  return input * input\n}' },
    resources: { memory: '64MiB' },
    timeouts: { run: '10s' },
    each: [
      { id: 'two', input: 2 },
      { id: 'three', input: 3 },
      { id: 'four', input: 4 }
    ]
  },
  builtin: { name: 'hello', task: { engine: 'builtin', name: 'sha256', args: { text: 'hello' } } }
}

export const jobInitCommand: CliCommand = {
  words: 'job init',
  summary: 'write an example job file',
  positionals: [{ name: 'file', describe: 'where to [job.json]', isOptional: true }],
  flags: {
    engine: {
      ...flag('text', 'engine of the example [javascript]'),
      choices: Object.keys(EXAMPLES)
    },
    force: flag('switch', 'replace the file if there is one')
  },
  examples: [['taskmesh job init && taskmesh job run job.json', 'from nothing to a result']],
  run: async ({ args, output }) => {
    const file = args.optionalPositional('file') ?? FILE_DEFAULT
    const example = EXAMPLES[args.text('engine') ?? 'javascript']
    try {
      const text = `${JSON.stringify(example, null, 2)}\n`
      writeFileSync(file, text, { flag: args.has('force') ? 'w' : 'wx' })
    } catch (cause) {
      const isThere = (cause as NodeJS.ErrnoException).code === 'EEXIST'
      throw new MeshError('FIELD_INVALID', isThere ? `${file} exists already` : messageOf(cause), {
        path: 'file',
        hint: isThere ? 'name another file, or replace it with --force' : undefined,
        cause
      })
    }
    output.value({ file }, () => `wrote ${file}; now: taskmesh job run ${file}`)
    return EXIT.completed
  }
}
