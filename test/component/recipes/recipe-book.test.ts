import { afterEach, expect, test } from 'vitest'
import { join } from 'node:path'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { FolderRecipeStore } from '../../../src/recipes/recipe-store.ts'
import { Mesh } from '../../support/spawn-mesh.ts'
import { RecipeBook } from '../../../src/recipes/recipe-book.ts'
import { RecipeExchange } from '../../../src/recipes/recipe-exchange.ts'
import { sealRecipe } from '../../../src/recipes/sealed-recipe.ts'
import { signerOf } from '../../../src/receipts/signer.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { systemRandom } from '../../../src/core/random.ts'
import { temporaryIdentity } from '../../../src/network/identity.ts'
import type { RecipeBookInit } from '../../../src/recipes/recipe-book.ts'
import type { Signer } from '../../../src/receipts/signer.ts'

const folders: string[] = []
const mesh = new Mesh()
afterEach(async () => {
  await mesh.stop()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'taskmesh-recipes-'))
  folders.push(folder)
  return folder
}

async function openBook(
  folder: string = newFolder(),
  init: Partial<RecipeBookInit> = {}
): Promise<RecipeBook> {
  const store = new FolderRecipeStore(folder)
  const book = new RecipeBook({ store, logger: silentLogger }, { namespace: 'demo', ...init })
  await book.start()
  return book
}

async function author(): Promise<Signer> {
  return signerOf(await temporaryIdentity())
}

async function seal(signer: Signer, name: string, revision = 1, change = {}): Promise<string> {
  const job = { task: { engine: 'builtin', name: 'sha256', args: { text: `${revision}` } } }
  const rest = { namespace: 'demo', name, revision, at_ms: revision, job }
  return await sealRecipe({ ...rest, ...change }, signer)
}

test('the newest revision of each author is kept, over a restart too, until it is taken back', async () => {
  const folder = newFolder()
  const [ada, bob] = [await author(), await author()]
  const book = await openBook(folder)
  expect(await book.take(await seal(ada, 'hash', 2))).toBe(true)
  await expect(book.take(await seal(ada, 'hash', 1))).rejects.toMatchObject({
    code: 'KEY_CONFLICT'
  })
  await book.take(await seal(ada, 'hash', 3))
  await book.take(await seal(bob, 'hash', 1))
  const again = await openBook(folder)
  expect(again.list()).toEqual(book.list())
  expect(again.list()).toHaveLength(2)
  expect(again.list()).toMatchObject([{ is_shared: true }, { is_shared: true }])
  expect(() => again.describe('hash')).toThrow(expect.objectContaining({ code: 'ID_AMBIGUOUS' }))
  const own = again.describe(`hash@${ada.peer.slice(-6)}`)
  expect(own).toMatchObject({ author: ada.peer, revision: 3 })
  const { job: _job, ...tombstone } = {
    namespace: 'demo',
    name: 'hash',
    revision: 4,
    at_ms: 4,
    job: 1
  }
  await again.take(await sealRecipe({ ...tombstone, removed: true }, ada))
  expect((await openBook(folder)).list()).toMatchObject([{ author: bob.peer, is_shared: false }])
  // What it was taken back in comes back from no router that has not heard of it.
  expect(await again.take(await seal(ada, 'hash', 3), { isLearned: true })).toBe(false)
  await again.refuse('hash')
  expect((await openBook(folder)).list()).toEqual([])
})

test('a recipe under the name of another, changed on the way or on disk, is not believed', async () => {
  const folder = newFolder()
  const book = await openBook(folder)
  const [ada, eve] = [await author(), await author()]
  const forged = await seal({ ...eve, peer: ada.peer }, 'hash')
  await expect(book.take(forged)).rejects.toMatchObject({ code: 'FROM_MISMATCH' })
  const bytes = Buffer.from(await seal(ada, 'hash'), 'base64')
  bytes[bytes.length - 3] = (bytes[bytes.length - 3] ?? 0) ^ 1
  await expect(book.take(bytes.toString('base64'))).rejects.toMatchObject({
    code: 'RECEIPT_INVALID'
  })
  const elsewhere = await seal(ada, 'hash', 1, { namespace: 'other' })
  await expect(book.take(elsewhere)).rejects.toMatchObject({ path: 'namespace' })
  await book.take(await seal(ada, 'hash'))
  const [file = ''] = readdirSync(folder)
  writeFileSync(join(folder, file), JSON.stringify({ envelope: forged }))
  writeFileSync(join(folder, 'junk.recipe.json'), 'half a fi')
  expect((await openBook(folder)).list()).toEqual([])
})

test('room is bounded: what was handed in here goes before what others brought', async () => {
  const book = await openBook(newFolder(), { recipesMax: 3, perAuthorMax: 2 })
  const [ada, bob, eve] = [await author(), await author(), await author()]
  for (const name of ['one', 'two']) {
    await book.take(await seal(eve, name), { isLearned: true })
  }
  const third = await seal(eve, 'three')
  await expect(book.take(third, { isLearned: true })).rejects.toMatchObject({ code: 'STORE_FULL' })
  await book.take(await seal(ada, 'own'))
  await book.take(await seal(bob, 'own'))
  expect(book.list().map(({ name }) => name)).toEqual(['own', 'own', 'two'])
  const late = await seal(bob, 'late')
  await expect(book.take(late, { isLearned: true })).rejects.toMatchObject({ code: 'STORE_FULL' })
  // Newer revisions need no room.
  expect(await book.take(await seal(eve, 'two', 2), { isLearned: true })).toBe(true)
})

test('what an author has taken back makes room for what it publishes, the oldest first', async () => {
  const folder = newFolder()
  const book = await openBook(folder, { perAuthorMax: 3 })
  const ada = await author()
  const takenBack = async (name: string, revision: number): Promise<string> => {
    const rest = { namespace: 'demo', name, revision, at_ms: revision }
    return await sealRecipe({ ...rest, removed: true }, ada)
  }
  const older = await takenBack('older', 2)
  await book.take(await takenBack('newer', 5))
  await book.take(older)
  await book.take(await seal(ada, 'kept'))
  await book.take(await seal(ada, 'fresh', 6))
  expect(book.list().map(({ name }) => name)).toEqual(['fresh', 'kept'])
  // Another router brings it again: of those that are taken back, the newer one stays.
  const full = { code: 'STORE_FULL' }
  await expect(book.take(older, { isLearned: true })).rejects.toMatchObject(full)
  expect(await book.take(await seal(ada, 'newer', 4), { isLearned: true })).toBe(false)
  const again = await openBook(folder, { perAuthorMax: 3 })
  expect(await again.take(await seal(ada, 'newer', 4), { isLearned: true })).toBe(false)
  // With nothing left to forget, there is no room any more.
  await book.take(await seal(ada, 'last', 7))
  await expect(book.take(await seal(ada, 'too-many', 8))).rejects.toMatchObject(full)
})

test('what is refused stays so, however much comes in', async () => {
  const book = await openBook(newFolder(), { recipesMax: 2 })
  const [ada, eve] = [await author(), await author()]
  const unwanted = await seal(eve, 'unwanted')
  await book.take(unwanted, { isLearned: true })
  await book.refuse('unwanted')
  await book.take(await seal(eve, 'learned'), { isLearned: true })
  await book.take(await seal(ada, 'own'))
  expect(book.list().map(({ name }) => name)).toEqual(['own'])
  expect(await book.take(unwanted, { isLearned: true })).toBe(false)
})

test('routers have each other’s recipes, those that come late too, page after page', async () => {
  const ada = await author()
  const first = await openBook()
  const long = 'x'.repeat(150_000)
  for (let number = 1; number <= 12; number += 1) {
    const job = { task: { engine: 'builtin', name: 'sha256', args: { text: long } } }
    await first.take(await seal(ada, `recipe-${number}`, 1, { job }))
  }
  const answerer = await mesh.add()
  const components = { clock: systemClock, random: systemRandom, logger: silentLogger }
  const teller = new RecipeExchange(
    { ...components, book: first, sessions: answerer.sessions, findRouters: async () => [] },
    { epoch: 'first' }
  )
  answerer.server.register(teller.handlers)
  const asker = await mesh.add()
  await asker.node.dial(answerer.address)
  const second = await openBook()
  const findRouters = async (): Promise<string[]> => [answerer.peer]
  const learner = new RecipeExchange(
    { ...components, book: second, sessions: asker.sessions, findRouters },
    { epoch: 'second' }
  )
  await learner.round()
  expect(second.list()).toEqual(first.list())
  // Afterwards only what is new is told.
  await first.take(await seal(ada, 'recipe-1', 2))
  expect(first.since(12, 1_000_000).envelopes).toHaveLength(1)
  await learner.round()
  expect(second.describe('recipe-1').revision).toBe(2)
})
