/** What a router answers to those who have it run a job on one request. */
import { expect, test } from 'vitest'
import { NOOP, settle, startEngine } from '../../support/build-engine.ts'
import { routerHandlers } from '../../../src/roles/router-commands.ts'
import type { Engine } from '../../support/build-engine.ts'
import type { ExperienceExchange } from '../../../src/discovery/experience-exchange.ts'
import type { FileSources } from '../../../src/discovery/file-sources.ts'
import type { IdleSurvey } from '../../../src/discovery/idle-survey.ts'
import type { NodeViews } from '../../../src/discovery/node-views.ts'
import type { ReputationKeeper } from '../../../src/roles/reputation-keeper.ts'

function ask({ execution, news }: Engine, job: object, type = 'compute') {
  const { EXECUTE_TASK: execute } = routerHandlers({
    selfPeer: 'r',
    idle: {} as IdleSurvey,
    nowMs: () => 0,
    execution,
    taskNews: news,
    nodes: {} as NodeViews,
    sources: {} as FileSources,
    reputation: {} as ReputationKeeper,
    experience: {} as ExperienceExchange
  })
  if (execute === undefined) throw new Error('a router routes tasks')
  const context = {
    remotePeer: 'me',
    isAddressed: true,
    bulk: undefined,
    signal: new AbortController().signal
  }
  return execute({ task_data: job, task_type: type, auto_route: true } as never, context)
}

test('ops: every is answered with what each worker gave', async () => {
  const engine = await startEngine()
  engine.workers.add('w1', (task) => task.complete('one')).add('w2', (task) => task.complete('two'))
  const answer = await ask(engine, { task: NOOP, ops: 'every' })
  expect(answer).toMatchObject({
    result: {
      items: [
        { id: 'w1', output: 'one' },
        { id: 'w2', output: 'two' }
      ]
    },
    bulk: '["one","two"]'
  })
})

test('each task of an array is answered with its own files', async () => {
  const engine = await startEngine()
  const file = `sha256:${'5f'.repeat(32)}`
  const left = { name: 'model', file, size: 7, kind: 'file' } as const
  engine.workers.add('w1', (task) => task.complete(null, { outputs: [left] }))
  const outputs = [{ name: 'model', path: 'out/model' }]
  const task = { engine: 'javascript', source: 'x' }
  const answer = await ask(engine, { task, outputs, each: [{}, {}] })
  expect(answer).toMatchObject({ result: { items: [{ outputs: [left] }, { outputs: [left] }] } })
})

test('ops: every that ends before its workers are known says why', async () => {
  const engine = await startEngine()
  engine.workers.add('w1')
  const need = await engine.submit()
  const answer = Promise.resolve(ask(engine, { task: NOOP, ops: 'every', needs: [need] }))
  answer.catch(() => {})
  await settle()
  engine.workers.last().fail()
  await expect(answer).rejects.toMatchObject({ code: 'NEED_FAILED' })
})

test('a job that gets held is answered with why, not waited for', async () => {
  const engine = await startEngine()
  engine.workers.add('w1', (task) => task.fail())
  const answer = await ask(engine, { task: NOOP, retry: { then: 'hold' } })
  expect(answer).toMatchObject({ error: { code: 'TASK_FAILED' }, result: { attempts: 1 } })
})

test('a schedule is refused, as it has no one result', async () => {
  const engine = await startEngine()
  const scheduled = { task: NOOP, schedule: { cron: '* * * * *' } }
  await expect(ask(engine, scheduled)).rejects.toMatchObject({
    code: 'FIELD_INVALID',
    path: 'params.task_data.schedule'
  })
})

test('a file that is to be kept is a job with a worker of its own for each copy', async () => {
  const engine = await startEngine()
  const file = `mesh:sha256:${'5f'.repeat(32)}`
  for (const name of ['w1', 'w2', 'w3']) {
    engine.workers.add(name, (task) => task.complete(task.task), { engines: ['storage'] })
  }
  const wanted = { file_hash: file.replace('mesh:', ''), until: '1d' }
  const answer = await ask(engine, wanted, 'storage')
  const output = { engine: 'storage', file, until: '1970-01-02T00:00:00.000Z' }
  expect(answer).toMatchObject({ result: { items: [{ output }, { output }] } })
  expect(new Set(engine.workers.tasks.map(({ peer }) => peer)).size).toBe(2)
})
