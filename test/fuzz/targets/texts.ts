/** Short texts with a grammar of their own, and programs for the sandbox. */
import { checkAddress, isLoopbackAddress } from '../../../src/config/address.ts'
import { parseMoment } from '../../../src/core/moment.ts'
import {
  formatBytes,
  formatDuration,
  parseBytes,
  parseDurationMs
} from '../../../src/core/units.ts'
import { guardModule } from '../../../src/executors/wasm/guard.ts'
import { MeshError } from '../../../src/core/errors.ts'
import { ModuleRefusal } from '../../../src/executors/wasm/module-refusal.ts'
import { formatFileLink, readFileLink } from '../../../src/model/file-link.ts'
import { readInput } from '../../../src/model/input-uri.ts'
import { parseRequirement } from '../../../src/model/requirement.ts'
import { nameFault, pathFault, toSafeName } from '../../../src/model/safe-name.ts'
import { groupsOf } from '../../../src/verification/independence.ts'
import { readWasmFixture } from '../../support/wasm-fixture.ts'
import { textOf, utf8 } from '../target.ts'
import type { FuzzTarget } from '../target.ts'

const HEX = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'
const PEER = '12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB'

/** A target that takes a text. */
function ofText(
  name: string,
  seeds: readonly string[],
  read: (text: string) => unknown,
  refusals: FuzzTarget['refusals'] = ['FIELD_INVALID']
): FuzzTarget {
  return {
    name,
    form: 'text',
    seeds: () => seeds.map(utf8),
    read: (input) => read(textOf(input)),
    refusals
  }
}

const link = ofText(
  'file-link',
  [
    `taskmesh:?xt=urn:sha256:${HEX}`,
    `taskmesh:?xt=urn:sha256:${HEX}&dn=a%20name.txt&xl=123&peer=/ip4/127.0.0.1/tcp/1/p2p/${PEER}`
  ],
  (text) => {
    const read = readFileLink(text, 'link')
    const again = readFileLink(formatFileLink(read), 'link')
    if (again.id !== read.id || again.name !== read.name) throw new Error('it became another link')
  }
)

const inputUri = ofText(
  'input-uri',
  [
    `mesh:sha256:${HEX}`,
    `taskmesh:?xt=urn:sha256:${HEX}`,
    'job:j-7m2k9x04tqhe/0/out',
    'job:train/model',
    'inline:hello',
    'https://user.example/data.bin?x=1#y'
  ],
  (text) => {
    const sha256 = /^https:/i.test(text) ? HEX : undefined
    readInput({ path: 'a', from: text, ...(sha256 === undefined ? {} : { sha256 }) }, 'inputs[0]')
  },
  ['FIELD_INVALID']
)

const address = ofText(
  'multiaddr',
  [
    '/ip4/127.0.0.1/tcp/51820',
    `/ip6/::1/tcp/1/p2p/${PEER}`,
    `/dns4/example.org/tcp/443/wss/p2p/${PEER}/p2p-circuit/p2p/${PEER}`,
    '/ip6/::ffff:7f00:1/tcp/80',
    '/dnsaddr/bootstrap.example.org',
    '/memory/1'
  ],
  (text) => {
    groupsOf({ workerId: PEER, addresses: [text], owner: undefined })
    if (isLoopbackAddress(checkAddress(text, 'listen')) && !text.startsWith('/')) {
      throw new Error('an address begins with a slash')
    }
  }
)

const requirement = ofText(
  'requirement',
  [
    'zone = home',
    'arch in (x64, arm64)',
    'exists gpu',
    '!spot',
    'cpu_cores >= 4',
    'isolation >= sandbox'
  ],
  (text) => parseRequirement(text, 'where.require[0]')
)

const units = ofText(
  'units',
  ['512MiB', '1.5GB', '30m', '250ms', '2026-01-02T03:04:05Z'],
  (text) => {
    for (const read of [unitsRead, durationRead, parseMoment]) attempt(() => read(text, 'field'))
  }
)

function unitsRead(text: string, path: string): void {
  formatBytes(parseBytes(text, path))
}

function durationRead(text: string, path: string): void {
  formatDuration(parseDurationMs(text, path))
}

/** Passes over the one refusal that each of several readers may have. */
function attempt(work: () => unknown): void {
  try {
    work()
  } catch (cause) {
    if (!(cause instanceof MeshError) || cause.code !== 'FIELD_INVALID') throw cause
  }
}

/** Whatever it is called elsewhere, the name that it is given here is one. */
const safeName = ofText('safe-name', ['a.txt', 'CON.tar.gz', 'ü/ß', '..', 'a\u202eb'], (text) => {
  const fault = nameFault(toSafeName(text))
  if (fault !== undefined) throw new Error(`${JSON.stringify(toSafeName(text))}: ${fault}`)
  if (pathFault(text) === undefined && text.split('/').includes('..'))
    throw new Error('it leads out')
})

const GUARD_LIMITS = { memoryPagesMax: 20, functionBytesMax: 65_536 }
const wasm: FuzzTarget = {
  name: 'wasm-guard',
  form: 'bytes',
  seeds: () => [readWasmFixture('probe')],
  read: (input) => {
    try {
      const guarded = guardModule(input, GUARD_LIMITS)
      if (Buffer.compare(guardModule(guarded, GUARD_LIMITS), guarded) !== 0) {
        throw new Error('what was let through is not let through again as it is')
      }
    } catch (cause) {
      if (!(cause instanceof ModuleRefusal)) throw cause
    }
  },
  refusals: []
}

export const TEXT_TARGETS: readonly FuzzTarget[] = [
  link,
  inputUri,
  address,
  requirement,
  units,
  safeName,
  wasm
]
