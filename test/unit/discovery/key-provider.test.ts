/** Under which keys a node is announced, when those change. */
import { expect, it } from 'vitest'
import { FakeClock } from '../../support/fake-clock.ts'
import { KeyProvider } from '../../../src/discovery/key-provider.ts'
import { keyCid } from '../../../src/discovery/key-cid.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import type { CID } from 'multiformats/cid'
import type { KeyProviderComponents } from '../../../src/discovery/key-provider.ts'

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1)
    await new Promise<void>((resolve) => setImmediate(resolve))
}

it('a node stands under the keys of the moment, and has the others repeated no more', async () => {
  const names = new Map<string, string>()
  for (const key of ['a', 'b', 'c']) names.set(String(await keyCid(key)), key)
  const done: string[] = []
  const contentRouting = {
    provide: async (cid: CID) => void done.push(`+${names.get(String(cid))}`),
    cancelReprovide: async (cid: CID) => void done.push(`-${names.get(String(cid))}`)
  }
  const clock = new FakeClock()
  const keeper = { canLookUp: true, isConnected: true, onConnected: () => {} }
  const parts = { node: { libp2p: { contentRouting } }, keeper, clock, logger: silentLogger }
  let keys: string[] = []
  const provider = new KeyProvider(
    { ...parts, random: { next: () => 0.5 } } as unknown as KeyProviderComponents,
    { keys: () => keys }
  )
  await provider.start()
  await settle()
  expect(done).toEqual([])
  keys = ['a', 'b']
  provider.provideSoon()
  await settle()
  keys = ['b', 'c']
  provider.provideSoon()
  await settle()
  clock.advance(600_000)
  await settle()
  expect(done).toEqual(['+a', '+b', '-a', '+b', '+c', '+b', '+c'])
  await provider.stop()
  expect(clock.timerCount).toBe(0)
})
