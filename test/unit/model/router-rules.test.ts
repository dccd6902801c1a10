/** What an owner may write of routers, whose rule is whose, and what of a task is too much. */
import { describe, expect, it } from 'vitest'
import { breachOf, describeAllowance } from '../../../src/model/router-limits.ts'
import { limitsFor, readRouterRules } from '../../../src/model/router-rules.ts'
import type { MeshError } from '../../../src/core/errors.ts'
import type { RouterLimits, TaskAsk } from '../../../src/model/router-limits.ts'

const ALICE = '12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB'
const BOB = '12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzC'

const read = (...texts: string[]) => readRouterRules(texts, 'router_limits')
const limitsIn = (terms: string): RouterLimits | undefined => read(`* ${terms}`)[0]?.limits

function failure(...texts: string[]): MeshError {
  try {
    read(...texts)
  } catch (cause) {
    return cause as MeshError
  }
  throw new Error('it was read')
}

describe('a rule', () => {
  it.each<[string, RouterLimits]>([
    ['deny', { denied: true }],
    ['', {}],
    ['engines=wasm+javascript', { engines: ['javascript', 'wasm'] }],
    ['cpu=2 memory=1GiB', { cpu_cores: 2, memory_bytes: 2 ** 30 }],
    ['cpu=0.5  disk=0 gpu=0', { cpu_cores: 0.5, disk_bytes: 0, gpu_count: 0 }],
    ['disk=10GB', { disk_bytes: 10e9 }],
    ['slots=2 queued=10', { slots: 2, queued: 10 }],
    ['rate=60/1m run=10m', { rate: { count: 60, per_ms: 60_000 }, run_timeout_ms: 600_000 }],
    ['network=no', { network: false }],
    ['network=yes', {}]
  ])('%s', (terms, limits) => {
    expect(limitsIn(terms)).toEqual(limits)
  })

  it.each([
    ['', 'it does not begin with whom it is for', 'peer id'],
    ['slots=2', 'it does not begin with whom it is for', 'peer id'],
    ['label:team slots=2', 'it does not begin with whom it is for', 'label:KEY=VALUE'],
    ['* slot=2', 'it knows no "slot"', 'did you mean "slots"?'],
    ['* colour=blue', 'it knows no "colour"', 'known: engines'],
    ['* slots', '"" is no value of slots', 'write it as slots=2'],
    ['* slots=0', '"0" is no value of slots', 'write it as slots=2'],
    ['* engines=wasm,process', '"wasm,process" is no value of engines', 'engines=wasm+javascript'],
    ['* rate=60', '"60" is no value of rate', 'write it as rate=60/1m'],
    ['* rate=60/60', '"60/60" is no value of rate', 'write it as rate=60/1m'],
    ['* memory=0', '"0" is no value of memory', 'write it as memory=1GiB'],
    ['* run=10', '"10" is no value of run', 'write it as run=10m'],
    ['* network=maybe', '"maybe" is no value of network', 'write it as network=no'],
    ['* deny=yes', 'it knows no "deny"', 'did you mean "deny"?'],
    ['* deny slots=2', 'a router that is denied has no other limits', 'leave out the rest'],
    ['* slots=2 slots=3', 'slots is in it twice', 'leave one of them']
  ])('that makes no sense says what to do: %s', (text, message, hint) => {
    const error = failure(text)
    expect(error).toMatchObject({ code: 'FIELD_INVALID', path: 'router_limits[0]' })
    expect(error.message).toContain(message)
    expect(error.hint).toContain(hint)
  })

  it('stands there once for each', () => {
    expect(failure('* slots=2', `${ALICE} deny`, '* deny')).toMatchObject({
      message: 'router limit "* deny": there are two rules for *',
      path: 'router_limits[2]'
    })
  })
})

describe('of several rules', () => {
  const rules = read('* deny', 'label:team=a slots=1', 'label:site=lab slots=2', `${ALICE} slots=3`)
  const slotsOf = (router: string, labels?: Record<string, string>) =>
    limitsFor(rules, router, () => labels)

  it('a router’s own comes first, then those for its labels in their order, then the one for all', () => {
    expect(slotsOf(ALICE, { team: 'a' })).toEqual({ slots: 3 })
    expect(slotsOf(BOB, { site: 'lab', team: 'a' })).toEqual({ slots: 1 })
    expect(slotsOf(BOB, { site: 'lab', team: 'b' })).toEqual({ slots: 2 })
    expect(slotsOf(BOB, {})).toEqual({ denied: true })
    expect(slotsOf(BOB)).toEqual({ denied: true })
  })

  it('whoever none is for is not limited', () => {
    expect(limitsFor(read(`${ALICE} deny`), BOB, () => undefined)).toBeUndefined()
  })
})

describe('a task', () => {
  const ask: TaskAsk = {
    engine: 'wasm',
    cpuCores: 2,
    memoryBytes: 2 ** 30,
    diskBytes: 0,
    gpuCount: 0,
    runMs: 60_000,
    hasNetwork: false
  }

  it.each<[RouterLimits, Partial<TaskAsk>, string | undefined]>([
    [{}, {}, undefined],
    [{ denied: true }, {}, 'takes no tasks of this router'],
    [{ engines: ['wasm'] }, {}, undefined],
    [
      { engines: ['wasm', 'javascript'] },
      { engine: 'process' },
      'lets this router use javascript, wasm, not process'
    ],
    [{ cpu_cores: 2 }, {}, undefined],
    [{ cpu_cores: 1 }, {}, 'lets a task of this router have 1 CPU core, not 2 CPU cores'],
    [{ memory_bytes: 2 ** 30 }, {}, undefined],
    [
      { memory_bytes: 2 ** 29 },
      {},
      'lets a task of this router have 512MiB of memory, not 1GiB of memory'
    ],
    [{ disk_bytes: 0 }, {}, undefined],
    [
      { disk_bytes: 0 },
      { diskBytes: 1_024 },
      'lets a task of this router have 0B of disk, not 1KiB of disk'
    ],
    [{ gpu_count: 0 }, { gpuCount: 1 }, 'lets a task of this router have 0 GPUs, not 1 GPU'],
    [{ run_timeout_ms: 60_000 }, {}, undefined],
    [{ run_timeout_ms: 59_999 }, {}, 'lets a task of this router have 60s to run, not 1m to run'],
    [{ network: false }, {}, undefined],
    [{ network: false }, { hasNetwork: true }, 'keeps tasks of this router from the network']
  ])('under %j that asks for %j: %s', (limits, more, words) => {
    expect(breachOf(limits, { ...ask, ...more })?.words).toBe(words)
  })

  it('hears how many it may be one of', () => {
    expect(describeAllowance(limitsIn('slots=1 queued=10 rate=60/1m') ?? {})).toBe(
      '1 task at once, 10 more waiting, 60 tasks in 1m'
    )
    expect(describeAllowance({ queued: 1 })).toBe('1 task waiting')
  })
})
