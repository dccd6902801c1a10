import { afterAll, describe } from 'vitest'
import { createContainerExecutor, prepareContainers } from '../support/container-engine.ts'
import { fileScripts } from './file-scripts.ts'
import { runExecutorFilesSuite } from './executor-files-suite.ts'
import { runExecutorSuite } from './executor-suite.ts'
import { script } from '../support/process-engine.ts'

const ground = await prepareContainers('podman')
const { image, problem } = ground

describe.skipIf(problem !== undefined)(`held ${problem ?? ''}`, () => {
  afterAll(ground.close)
  runExecutorSuite('container', () => ({
    executor: createContainerExecutor(ground),
    slotCount: 2,
    numbered: (number) => ({
      engine: 'container',
      image,
      argv: ['printf', `{"number":${number}}`]
    }),
    numberedOutput: (number) => ({ exit_code: 0, stdout: `{"number":${number}}` }),
    failing: { task: { engine: 'container', image, ...script('exit 3') }, code: 'TASK_FAILED' },
    endless: { engine: 'container', image, argv: ['sleep', '600'] },
    counting: {
      engine: 'container',
      image,
      ...script('i=0; while [ $i -lt 100 ]; do echo $i >&2; i=$((i+1)); done', 'sleep 600')
    },
    streamOf: () => 'err',
    shortMs: 3_000,
    chatty: { engine: 'container', image, ...script('yes | head -c 300000 >&2') },
    flooding: { engine: 'container', image, argv: ['yes'] }
  }))
  runExecutorFilesSuite('container', () => ({
    executor: createContainerExecutor(ground),
    ...fileScripts((argv) => ({ engine: 'container', image, argv }))
  }))
})
