/** What one search tells of who has a file, when several say so and some take it back. */
import { expect, it } from 'vitest'
import { HolderNews } from '../../../src/discovery/holder-news.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import type { FileHolderNews } from '../../../src/discovery/holder-news.ts'

/** All that is told by now. */
async function told(news: HolderNews): Promise<string[]> {
  const controller = new AbortController()
  const heard: FileHolderNews[] = []
  const reading = (async () => {
    for await (const one of news.until({ signal: controller.signal })) heard.push(one)
  })()
  await new Promise((resolve) => setImmediate(resolve))
  controller.abort()
  await reading
  return heard.map(({ kind, peer }) => `${kind} ${peer}`)
}

it('tells of each peer once, whoever names it', async () => {
  const news = new HolderNews()
  news.named('a')
  news.named('a')
  news.listed('r', ['a', 'b', 'b'])
  expect(await told(news)).toEqual(['appeared a', 'appeared b'])
})

it('tells that a peer has gone when no router lists it any more, and the DHT does not bring it again', async () => {
  const news = new HolderNews()
  news.named('d')
  news.listed('r', ['a', 'b'])
  news.listed('s', ['a'])
  news.listed('r', [])
  news.named('b')
  expect(await told(news)).toEqual(['appeared d', 'appeared a', 'appeared b', 'vanished b'])
  news.listed('s', [])
  news.listed('s', ['b'])
  expect(await told(news)).toEqual(['vanished a', 'appeared b'])
})

it('takes up no more than a download can use', async () => {
  const news = new HolderNews()
  for (let index = 0; index < 2 * LIMITS.downloadCandidatesMax; index += 1) news.named(`p${index}`)
  expect(await told(news)).toHaveLength(LIMITS.downloadCandidatesMax)
})
