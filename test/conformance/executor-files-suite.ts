/** What every engine whose tasks have files must do with inputs and outputs: one suite, run once per engine. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readFileSync } from 'node:fs'
import { InputStore, takeOutputs } from '../support/task-inputs.ts'
import { recordRun } from './executor-recorder.ts'
import { taskTerms } from '../support/task-terms.ts'
import type { Executor, TaskRun } from '../../src/executors/executor.ts'
import type { RecordedOutcome } from './executor-recorder.ts'
import type { TaskDocument } from '../../src/model/job.ts'

export interface FilesSubject {
  executor: Executor
  /** A task that returns the text at a path below its folder. */
  reading: (path: string) => TaskDocument
  /** That text, of what it returned. */
  textOf: (output: string) => string
  /** A task that fails if there is anything at that path. */
  missing: (path: string) => TaskDocument
  /** A task that tells how many bytes there are at a path, as a decimal number; `textOf` finds it. */
  measuring: (path: string) => TaskDocument
  /** A task that tries all that would change the file at a path, and ends well whatever comes of it. */
  tampering: (path: string) => TaskDocument
  /** Whether such a task does not even change what it finds there itself. @default true */
  keepsInputs?: boolean
  /** A task that copies files, from path to path below its folder; none where it leaves no files. */
  copying?: (...pairs: [from: string, to: string][]) => TaskDocument
  /** A task that copies a file, then fails. */
  copyingAndFailing?: (from: string, to: string) => TaskDocument
}

const LARGE_BYTES = 20 * 2 ** 20

export function runExecutorFilesSuite(name: string, create: () => FilesSubject): void {
  describe(`files of executor ${name}`, () => {
    const store = new InputStore()
    let subject: FilesSubject

    beforeAll(async () => {
      subject = create()
      await subject.executor.start()
    })
    afterAll(async () => {
      await subject.executor.stop()
      store.close()
    })

    async function run(task: TaskDocument, more: Partial<TaskRun>): Promise<RecordedOutcome> {
      const terms = taskTerms({ timeoutMs: 60_000, memoryBytesMax: 128 * 2 ** 20, ...more })
      return recordRun((listener) => subject.executor.run({ task, ...terms, ...listener }))
    }

    async function read(task: TaskDocument, more: Partial<TaskRun>): Promise<string> {
      const { error, output } = await run(task, more)
      if (error !== undefined) throw error
      return subject.textOf(output ?? '')
    }

    it('shows a task the file that it is given', async () => {
      const inputs = [store.file('in/data.txt', 'the text')]
      expect(await read(subject.reading('in/data.txt'), { inputs })).toBe('the text')
    })

    it('shows a task the folder that it is given', async () => {
      const inputs = [store.folder('set', { 'a.txt': 'a', 'deep/er/b.txt': 'b' })]
      expect(await read(subject.reading('set/a.txt'), { inputs })).toBe('a')
      expect(await read(subject.reading('set/deep/er/b.txt'), { inputs })).toBe('b')
    })

    it.each(['two words.txt', 'größe/目録 😀.txt', 'it\'s, "so"/a=b,c.txt'])(
      'shows it under the name %s',
      async (path) => {
        const inputs = [store.file(path, 'named')]
        expect(await read(subject.reading(path), { inputs })).toBe('named')
      }
    )

    it('shows a task nothing that another one is given', async () => {
      await read(subject.reading('in'), { inputs: [store.file('in', 'mine')] })
      const outcome = await run(subject.missing('in'), {})
      expect(outcome.error).toBeUndefined()
    })

    it('shows a large file whole', async () => {
      const inputs = [store.file('large', Buffer.alloc(LARGE_BYTES, 'large'))]
      expect(await read(subject.measuring('large'), { inputs })).toBe(String(LARGE_BYTES))
    })

    it('lets no task change what others read', async () => {
      const file = store.file('in/data.txt', 'the text')
      const folder = store.folder('set', { 'a.txt': 'a' })
      const inputs = [file, folder]
      const after = await read(subject.tampering('in/data.txt'), { inputs })
      const inside = await read(subject.tampering('set/a.txt'), { inputs })
      expect(readFileSync(file.source, 'utf8')).toBe('the text')
      expect(readFileSync(`${folder.source}/a.txt`, 'utf8')).toBe('a')
      const keeps = subject.keepsInputs ?? true
      expect(keeps ? [after, inside] : ['the text', 'a']).toEqual(['the text', 'a'])
    })

    it('hands over files and folders that a task has left', async ({ skip }) => {
      const { copying } = subject
      if (copying === undefined) return skip('tasks of this engine leave no files')
      const inputs = [store.file('in', 'the text')]
      const { taken, ...wishes } = takeOutputs(['one', 'out put/größe.txt'], ['all', 'out put'])
      const task = copying(['in', 'out put/größe.txt'], ['in', 'out put/more'])
      const { error } = await run(task, { inputs, ...wishes })
      expect(error).toBeUndefined()
      expect([...taken]).toEqual([
        ['one', { '': 'the text' }],
        ['all', { 'größe.txt': 'the text', more: 'the text' }]
      ])
    })

    it('hands over a large file whole', async ({ skip }) => {
      const { copying } = subject
      if (copying === undefined) return skip('tasks of this engine leave no files')
      const inputs = [store.file('large', Buffer.alloc(LARGE_BYTES, 'large'))]
      const { taken, ...wishes } = takeOutputs(['large', 'copy'])
      const { error } = await run(copying(['large', 'copy']), { inputs, ...wishes })
      expect(error).toBeUndefined()
      expect(taken.get('large')?.['']?.length).toBe(LARGE_BYTES)
    })

    it('fails a task that has not left what it was to leave, and hands over nothing', async ({
      skip
    }) => {
      const { copying } = subject
      if (copying === undefined) return skip('tasks of this engine leave no files')
      const inputs = [store.file('in', 'the text')]
      const { taken, ...wishes } = takeOutputs(['there', 'out'], ['absent', 'no/where'])
      const outcome = await run(copying(['in', 'out']), { inputs, ...wishes })
      expect(outcome.error?.code).toBe('TASK_FAILED')
      expect(outcome.error?.message).toContain('no/where')
      expect(outcome.output).toBeUndefined()
      expect([...taken.keys()]).toEqual([])
    })

    it('hands over nothing of a task that fails', async ({ skip }) => {
      const { copyingAndFailing } = subject
      if (copyingAndFailing === undefined) return skip('tasks of this engine leave no files')
      const inputs = [store.file('in', 'the text')]
      const { taken, ...wishes } = takeOutputs(['there', 'out'])
      const outcome = await run(copyingAndFailing('in', 'out'), { inputs, ...wishes })
      expect(outcome.error?.code).toBe('TASK_FAILED')
      expect([...taken.keys()]).toEqual([])
    })

    it('says why an output could not be kept', async ({ skip }) => {
      const { copying } = subject
      if (copying === undefined) return skip('tasks of this engine leave no files')
      const inputs = [store.file('in', 'the text')]
      const { outputs } = takeOutputs(['out', 'out'])
      const outcome = await run(copying(['in', 'out']), { inputs, outputs, onOutput: refuse })
      expect(outcome.error?.message).toContain('the disk is full')
      expect(outcome.output).toBeUndefined()
    })
  })
}

async function refuse(): Promise<never> {
  throw new Error('the disk is full')
}
