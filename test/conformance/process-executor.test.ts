import { describe } from 'vitest'
import {
  NO_GROUPS,
  createProcessExecutor,
  processProblem,
  script
} from '../support/process-engine.ts'
import { fileScripts } from './file-scripts.ts'
import { runExecutorFilesSuite } from './executor-files-suite.ts'
import { runExecutorSuite } from './executor-suite.ts'
import type { ProcessExecutorInit } from '../../src/executors/process/process-executor.ts'
import type { ExecutorSubject } from './executor-suite.ts'

const problem = await processProblem()

function subject(init: Partial<ProcessExecutorInit>): ExecutorSubject {
  const count = 'i=0; while [ $i -lt 100 ]; do echo $i >&2; i=$((i+1)); done'
  return {
    executor: createProcessExecutor(init),
    slotCount: 4,
    numbered: (number) => ({ engine: 'process', argv: ['printf', `{"number":${number}}`] }),
    numberedOutput: (number) => ({ exit_code: 0, stdout: `{"number":${number}}` }),
    failing: { task: { engine: 'process', ...script('exit 3') }, code: 'TASK_FAILED' },
    endless: { engine: 'process', argv: ['sleep', '600'] },
    counting: { engine: 'process', ...script(count, 'sleep 600') },
    streamOf: () => 'err',
    chatty: { engine: 'process', ...script('yes | head -c 300000 >&2') },
    flooding: { engine: 'process', argv: ['yes'] }
  }
}

describe.skipIf(problem !== undefined)('with a sandbox and without', () => {
  runExecutorSuite('process', () => subject({}))
  runExecutorSuite('process, memory watched', () => subject({ cgroups: NO_GROUPS }))
  runExecutorSuite('process, unsafe', () => subject({ isUnsafe: true }))

  const scripts = fileScripts((argv) => ({ engine: 'process', argv }))
  runExecutorFilesSuite('process', () => ({ executor: createProcessExecutor(), ...scripts }))
  runExecutorFilesSuite('process, unsafe', () => ({
    executor: createProcessExecutor({ isUnsafe: true }),
    ...scripts,
    // What it finds there is a copy of its own.
    keepsInputs: false
  }))
})
