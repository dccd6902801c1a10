/** Which of the owner's images a task may have, and what routers hear of them. */
import { expect, test } from 'vitest'
import { ContainerImages } from '../../../../src/executors/container/container-images.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { settle } from '../../../support/settle.ts'
import type { ContainerCli } from '../../../../src/executors/container/container-cli.ts'

const [HERE, AWAY, OTHER] = ['a', 'b', 'c'].map((digit) => `sha256:${digit.repeat(64)}`) as [
  string,
  string,
  string
]

/** A runtime that has some images. */
function runtimeWith(present: Set<string>): ContainerCli {
  const call = (words: readonly string[]) => {
    const isThere = present.has(words.at(-1) ?? '')
    return Promise.resolve({ code: isThere ? 0 : 1, stdout: 'null', stderr: 'no such image' })
  }
  return { call, isPodman: true, command: 'podman --root=/p' } as unknown as ContainerCli
}

test('an image is refused before a task begins if it is not allowed or not there', async () => {
  const images = new ContainerImages(runtimeWith(new Set([`x@${HERE}`])), [`x@${HERE}`, AWAY])
  const problems = await images.start()
  expect(problems.map(({ code }) => code)).toEqual(['ENGINE_UNAVAILABLE'])
  expect(images.names()).toEqual([HERE])
  expect(images.find(`another/name@${HERE}`)).toBe(`x@${HERE}`)
  expect(images.refusalOf(HERE)).toBeUndefined()
  expect(images.refusalOf(AWAY)).toMatchObject({ code: 'ENGINE_UNAVAILABLE' })
  expect(images.refusalOf(OTHER)).toMatchObject({ code: 'OWNER_REFUSED', blame: 'owner' })
})

test('what is missing is fetched to where the engine looks for it', async () => {
  const images = new ContainerImages(runtimeWith(new Set()), [`x@${HERE}`, AWAY])
  expect((await images.start()).map(({ hint }) => hint)).toEqual([
    `fetch it first: podman --root=/p pull x@${HERE}`,
    'fetch it first: podman --root=/p load or import'
  ])
})

test('what its owner fetches later is offered from then on', async () => {
  const clock = new FakeClock()
  const present = new Set([HERE])
  const images = new ContainerImages(runtimeWith(present), [HERE, AWAY])
  await images.start()
  const watching = images.watch(clock, new AbortController().signal)
  clock.advance(60_000)
  await settle()
  expect(images.names()).toEqual([HERE])
  present.add(AWAY)
  clock.advance(60_000)
  await watching
  expect(images.names()).toEqual([HERE, AWAY])
  expect(clock.timerCount).toBe(0)
})

test('looks for nothing any more once the engine stops', async () => {
  const clock = new FakeClock()
  const images = new ContainerImages(runtimeWith(new Set()), [AWAY])
  await images.start()
  const controller = new AbortController()
  const watching = images.watch(clock, controller.signal)
  controller.abort()
  await watching
  expect(clock.timerCount).toBe(0)
})
