import { createFunctionExecutor, onThread } from '../support/function-engine.ts'
import { runExecutorSuite } from './executor-suite.ts'
import type { ExecutorSubject } from './executor-suite.ts'
import type {
  FunctionContext,
  FunctionDefinitions
} from '../../src/executors/function/definitions.ts'
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

function call(name: string, input = 0): TaskDocument {
  return { engine: 'function', name, input }
}

async function wait(_input: unknown, { signal }: FunctionContext): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve))
}
