/** Commands and their JSON: forbidden ones, bombs, names that are no data, other versions, other times. */
import { COMMAND_NAMES } from '../../../src/protocol/commands.ts'
import { COMMAND_PROTOCOL_V1 } from '../../../src/protocol/ids.ts'
import { concat, utf8 } from '../bytes.ts'
import type { Attack, Stage } from '../attack.ts'
import type { RawPeer } from '../raw-peer.ts'

const DAY_S = 86_400
const DEEP = 1_000_000
const MEBIBYTE = 1_024 * 1_024
const WORDS = [
  '\u001b[31mred',
  'a\nb',
  '{"level":60}\r\n',
  '\u0000',
  '\u202eabc',
  '%s%n',
  '../../etc'
]
/** Text, since an object literal would set the prototype instead. */
const POLLUTED =
  '{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}},"toString":1,"hasOwnProperty":1}'

/** JSON that is small to say and dear to read. */
function bombs(peer: RawPeer): (string | Uint8Array)[] {
  const rest = `"request_id":"1","from":"${peer.peer}","timestamp":1`
  const withParams = (params: string): string =>
    `{"command":"GET_CAPABILITIES",${rest},"params":${params}}`
  return [
    '['.repeat(DEEP),
    withParams('['.repeat(DEEP) + ']'.repeat(DEEP)),
    withParams(`{"a":${'{"a":'.repeat(DEEP)}1${'}'.repeat(DEEP)}}`),
    withParams(`[${'{},'.repeat(DEEP)}{}]`),
    withParams(`{${'"a":1,'.repeat(DEEP)}"a":1}`),
    withParams(`"${'\\u0000'.repeat(DEEP)}"`),
    withParams(`1${'0'.repeat(DEEP)}`),
    withParams(POLLUTED),
    withParams('{').slice(0, 40),
    concat(utf8('{"command":"'), Buffer.alloc(1_000, 0xff)),
    Buffer.alloc(8 * MEBIBYTE, 0x20),
    ''
  ]
}

async function sendAs(stage: Stage, peer: RawPeer): Promise<void> {
  const list = bombs(peer)
  await peer.commandText(stage.target, list[stage.step % list.length] ?? '')
}

export const COMMAND_ATTACKS: readonly Attack[] = [
  {
    name: 'commands-stranger',
    who: 'stranger',
    what: 'every command, without a certificate',
    perSecond: 30,
    step: async (stage) => {
      const peer = await stage.stranger()
      const command = COMMAND_NAMES[stage.step % COMMAND_NAMES.length] ?? ''
      await peer.command(stage.target, command, {})
    }
  },
  {
    name: 'json-bombs',
    who: 'stranger',
    what: 'JSON that is deep, wide, long, truncated, polluted',
    perSecond: 5,
    step: async (stage) => await sendAs(stage, await stage.stranger())
  },
  {
    name: 'json-bombs-member',
    who: 'member',
    what: 'the same by a member',
    perSecond: 5,
    step: async (stage) => await sendAs(stage, await stage.member())
  },
  {
    name: 'commands-forbidden',
    who: 'member',
    what: 'every command of every node by a client: orders of routers, reports of workers, bans of operators',
    perSecond: 30,
    step: async (stage) => {
      const peer = await stage.member()
      const command = COMMAND_NAMES[stage.step % COMMAND_NAMES.length] ?? ''
      const target = stage.targets[0]?.peer ?? ''
      const params = [
        {},
        { subject: target, decision: 'ban' },
        { task_data: { task: { engine: 'builtin', name: 'echo' } } }
      ][stage.step % 3]
      await peer.command(stage.target, command, params)
    }
  },
  {
    name: 'impersonation',
    who: 'member',
    what: 'commands in the name of others, to others, replayed',
    perSecond: 20,
    step: async (stage) => {
      const peer = await stage.member()
      const router = stage.targets.find(({ role }) => role === 'router')?.peer
      const envelope = [{ from: router }, { to: router }, { request_id: '1', timestamp: 1 }][
        stage.step % 3
      ]
      await peer.command(stage.target, 'STOP_TASK', { lease_id: 'l', reason: 'x' }, envelope)
    }
  },
  {
    name: 'other-versions',
    who: 'member',
    what: 'protocols of the past and the future, unknown fields, clocks that are a day off',
    perSecond: 20,
    step: async (stage) => {
      const peer = await stage.member()
      const nowS = Math.floor(Date.now() / 1_000)
      const choice = stage.step % 5
      if (choice === 0) await peer.open(stage.target, '/taskmesh/command/0.0.1')
      else if (choice === 1) await peer.open(stage.target, '/taskmesh/session/2.0.0')
      else {
        const extra = [
          { timestamp: nowS - DAY_S },
          { timestamp: nowS + DAY_S, protocol: 99 },
          { timestamp: Number.MAX_SAFE_INTEGER, extra: { future: true } }
        ][choice - 2]
        await peer.command(stage.target, 'GET_CAPABILITIES', {}, extra)
      }
    }
  },
  {
    name: 'words',
    who: 'member',
    what: 'control characters, colours, newlines and names of prototypes wherever a name may stand',
    perSecond: 20,
    step: async (stage) => {
      const peer = await stage.member()
      const word = WORDS[stage.step % WORDS.length] ?? ''
      const nasty = JSON.parse(POLLUTED) as object
      const params = [
        { namespace: word, labels: { [word]: word } },
        { ...nasty, [word]: nasty },
        { task_data: { name: word, labels: { __proto__: word, constructor: word }, task: nasty } }
      ][Math.floor(stage.step / WORDS.length) % 3]
      const command =
        ['FIND_NODES', 'EXECUTE_TASK', word, 'constructor', '__proto__'][stage.step % 5] ?? ''
      await peer.command(stage.target, command, params, { request_id: word })
    }
  },
  {
    name: 'storms',
    who: 'member',
    what: 'what a client may ask, far too often: FIND_NODES, LIST_FILES, GET_FILE_METADATA',
    perSecond: 20,
    step: async (stage) => {
      const peer = await stage.member()
      const commands = ['FIND_NODES', 'LIST_FILES', 'GET_FILE_METADATA', 'GET_REPUTATION']
      const file = stage.files[stage.step % stage.files.length]
      await Promise.all(
        Array.from({ length: 24 }, (_, index) => {
          const command = commands[index % commands.length] ?? ''
          return peer.command(
            stage.target,
            command,
            command === 'GET_FILE_METADATA' ? { file_hash: file } : {}
          )
        })
      )
    }
  },
  {
    name: 'expansion',
    who: 'member',
    what: 'small documents that become large jobs: `each` over a large shared input, for workers that do not exist',
    perSecond: 0.5,
    step: async (stage) => {
      const peer = await stage.member()
      const target = stage.targets.find(({ role }) => role === 'router') ?? stage.target
      const task = {
        engine: 'javascript',
        source: 'function main () {}',
        input: 'x'.repeat(900_000)
      }
      const each = Array.from({ length: 2_000 }, () => ({}))
      const job = { name: 'hostile-each', task, each, where: { require: ['nowhere = yes'] } }
      await peer.command(target, 'EXECUTE_TASK', { task_data: job, auto_route: true })
    }
  },
  {
    name: 'unfinished',
    who: 'member',
    what: 'requests of megabytes that never end',
    perSecond: 5,
    heldMax: 200,
    step: async (stage) => {
      const peer = await stage.member()
      const stream = await peer.open(stage.target, COMMAND_PROTOCOL_V1)
      stage.hold(() => stream.abort(new Error('enough')))
      stream.addEventListener('close', () => stage.tally.got(`stream ${stream.status}`))
      await peer.send(stream, concat(utf8('{"command":"'), Buffer.alloc(2 * MEBIBYTE, 0x61)))
    }
  }
]
