import { expect, it, onTestFinished } from 'vitest'
import { InputStore, takeOutputs } from '../support/task-inputs.ts'
import { callByName, createFunctionExecutor, onThread } from '../support/function-engine.ts'
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { runExecutorFilesSuite } from './executor-files-suite.ts'
import { runExecutorSuite } from './executor-suite.ts'
import type { ExecutorSubject } from './executor-suite.ts'
import type {
  FunctionContext,
  FunctionDefinitions
} from '../../src/executors/function/definitions.ts'
import type { Json } from '../../src/core/json.ts'
import type { TaskDocument } from '../../src/model/job.ts'

const INLINE: FunctionDefinitions = {
  number: (input) => ({ number: input }),
  fail: () => {
    throw new Error('no')
  },
  wait,
  count: async (input, context) => {
    for (let line = 0; line < 100; line += 1) {
      context.log(String(line), line % 2 === 0 ? 'out' : 'err')
    }
    await wait(input, context)
  },
  chatter: (_input, { log }) => {
    for (let line = 0; line < 20_000; line += 1) log(`line ${line}`)
  },
  report: async (input, context) => {
    context.progress(0.5, 'half')
    await wait(input, context)
  },
  flood: () => 'x'.repeat(5_000_000)
}

const THREADS: FunctionDefinitions = Object.fromEntries(
  ['number', 'fail', 'count', 'chatter', 'report', 'flood'].map((name) => [name, onThread(name)])
)

runExecutorSuite('function, inline', () => subject(INLINE))
runExecutorSuite('function, on threads', () => subject({ ...THREADS, wait: onThread('spin') }))

const FILES: FunctionDefinitions = {
  read: (input, context) => readFileSync(placeOf(context, input as string), 'utf8'),
  missing: (input, { inputs }) => {
    if (Object.keys(inputs).includes(input as string)) throw new Error('it is there')
  },
  measure: (input, context) => String(readFileSync(placeOf(context, input as string)).length),
  copy: (input, context) => {
    for (const [from = '', to = ''] of input as string[][]) {
      const target = join(context.outputFolder ?? '', to)
      mkdirSync(dirname(target), { recursive: true })
      cpSync(placeOf(context, from), target)
    }
  },
  copyAndFail: (input, context) => {
    writeFileSync(join(context.outputFolder ?? '', input as string), 'half')
    throw new Error('no')
  }
}

runExecutorFilesSuite('function', () => ({
  executor: createFunctionExecutor(FILES),
  reading: (path) => call('read', path),
  textOf: (output) => JSON.parse(output) as string,
  missing: (path) => call('missing', path),
  measuring: (path) => call('measure', path),
  // It is the owner's own code: nothing keeps it from changing what it is given.
  tampering: (path) => call('read', path),
  copying: (...pairs) => call('copy', pairs),
  copyingAndFailing: (_from, to) => call('copyAndFail', to)
}))

it('gives a function on a thread the same', async () => {
  const store = new InputStore()
  onTestFinished(() => store.close())
  const executor = createFunctionExecutor({ copy: onThread('copyInput') })
  onTestFinished(() => executor.stop())
  await executor.start()
  const { taken, ...wishes } = takeOutputs(['copy', 'copy'])
  const inputs = [store.file('in', 'the text')]
  const { error } = await callByName(executor, 'copy', { inputs, ...wishes })
  expect(error).toBeUndefined()
  expect(taken.get('copy')).toEqual({ '': 'the text' })
})

/** Of a file, or of one in a folder that is an input. */
function placeOf({ inputs }: FunctionContext, path: string): string {
  const own = Object.keys(inputs).find((input) => `${path}/`.startsWith(`${input}/`)) ?? ''
  const place = join(inputs[own] ?? '', path.slice(own.length))
  return existsSync(place) ? place : ''
}

function subject(functions: FunctionDefinitions): ExecutorSubject {
  return {
    executor: createFunctionExecutor(functions),
    slotCount: 3,
    numbered: (number) => call('number', number),
    failing: { task: call('fail'), code: 'TASK_FAILED' },
    endless: call('wait'),
    reporting: call('report'),
    counting: call('count'),
    chatty: call('chatter'),
    flooding: call('flood')
  }
}

function call(name: string, input: Json = 0): TaskDocument {
  return { engine: 'function', name, input }
}

async function wait(_input: unknown, { signal }: FunctionContext): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve))
}
