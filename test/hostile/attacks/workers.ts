/** A worker of the mesh, with a certificate like any other, that does not do what workers do. */
import { COMMAND_PROTOCOL_V1 } from '../../../src/protocol/ids.ts'
import { FakeWorker } from '../fake-worker.ts'
import { GOSSIP_PROTOCOL } from './streams.ts'
import { prefixed } from '../bytes.ts'
import { presenceTopic } from '../../../src/protocol/ids.ts'
import { publication, recordOf } from '../presence.ts'
import type { Attack, Stage } from '../attack.ts'
import type { TaskAnswer } from '../fake-worker.ts'

const workers = new Map<string, FakeWorker>()

/** It is made known, and again and again; what happens then is the router's doing. */
async function workAs(stage: Stage, answer: TaskAnswer): Promise<void> {
  const { identity } = stage
  const known = workers.get(identity.peer)
  if (known === undefined) {
    const worker = await FakeWorker.start(stage, answer)
    workers.set(identity.peer, worker)
    await worker.publish(stage)
  } else await known.publish(stage)
}

export const WORKER_ATTACKS: readonly Attack[] = [
  {
    name: 'worker-black-hole',
    who: 'worker',
    what: 'takes tasks, and is never heard of again',
    perSecond: 1,
    step: async (stage) => await workAs(stage, () => {})
  },
  {
    name: 'worker-garbage',
    who: 'worker',
    what: 'answers tasks with rubbish, with the wrong shape, or by hanging up',
    perSecond: 1,
    step: async (stage) =>
      await workAs(stage, (task) => {
        if (task.count % 3 === 0) task.raw(Buffer.alloc(1_000, 0xff))
        else if (task.count % 3 === 1) task.answer({ output: 'x'.repeat(1_000), __proto__: 1 })
        else task.hangUp()
      })
  },
  {
    name: 'worker-refusing',
    who: 'worker',
    what: 'refuses every task, each time for another reason, with colours in it',
    perSecond: 1,
    step: async (stage) =>
      await workAs(stage, (task) => {
        const code =
          ['WORKER_BUSY', 'INTERNAL', '\u001b[31m', 'OWNER_REFUSED'][task.count % 4] ?? ''
        task.refuse(code, 'no\n{"level":60}\u001b[2J')
      })
  },
  {
    name: 'worker-silent',
    who: 'worker',
    what: 'says that it is there, and answers nothing at all',
    perSecond: 1,
    step: async (stage) => {
      const peer = await stage.member()
      if (stage.step === 0) {
        await peer.libp2p.handle(COMMAND_PROTOCOL_V1, () => stage.tally.got('asked'))
      }
      await publishAddresses(stage, peer.libp2p.getMultiaddrs().map(String))
    }
  },
  {
    name: 'worker-dead-addresses',
    who: 'worker',
    what: 'presence with thirty-two addresses where nobody listens, new ones each time',
    perSecond: 2,
    step: async (stage) => {
      const addresses = Array.from(
        { length: 32 },
        (_, index) => `/ip4/127.1.${stage.step % 250}.${index + 1}/tcp/${9_000 + index}`
      )
      await publishAddresses(stage, addresses)
    }
  },
  {
    name: 'worker-reports',
    who: 'worker',
    what: 'reports of tasks of others with receipts that nobody signed, and what only routers may order',
    perSecond: 20,
    step: async (stage) => {
      const peer = await stage.member()
      const commands = [
        'REPORT_TASK',
        'EXECUTE_TASK',
        'UPDATE_REPUTATION',
        'RELEASE_TASKS',
        'SET_AVAILABILITY'
      ]
      const command = commands[stage.step % commands.length] ?? ''
      const params = {
        lease_id: 'l-another',
        job_id: 'j-another',
        item: 0,
        attempt: 1,
        state: 'running',
        log: { from: 0, entries: [{ ms: 1, stream: 'out', text: '\u001b[31m\n{"level":60}' }] }
      }
      await peer.command(stage.target, command, params)
    }
  }
]

async function publishAddresses(stage: Stage, addresses: string[]): Promise<void> {
  const { identity, namespace, target } = stage
  const peer = await stage.member()
  const { certificate } = identity
  const data = await recordOf(peer.key, { namespace, addresses, certificate, seq: Date.now() })
  const stream = await peer.open(target, GOSSIP_PROTOCOL)
  stage.hold(() => stream.abort(new Error('enough')))
  await peer.send(
    stream,
    prefixed(await publication(peer.key, { topic: presenceTopic(namespace), data }))
  )
}
