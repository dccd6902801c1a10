/** Recipes on disk: one file each, as it was signed, written whole or not at all. */
import { join } from 'node:path'
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { MeshError, messageOf } from '../core/errors.ts'
import { parseJson } from '../core/json.ts'

/** What is kept of a recipe. */
export interface KeptRecipe {
  envelope: string
  /** Brought by another router rather than handed in here. */
  isLearned: boolean
  /** An operator here does not want it: it is shown to nobody, and not taken again. */
  isRefused: boolean
}

export interface RecipeStore {
  read(): Promise<unknown[]>
  /** @throws MeshError STORE_FAILED */
  write(name: string, recipe: KeptRecipe): Promise<void>
  remove(name: string): Promise<void>
}

const SUFFIX = '.recipe.json'

export class FolderRecipeStore implements RecipeStore {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** What is there, whatever it holds. A file that cannot be read is left out. */
  async read(): Promise<unknown[]> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith(SUFFIX)).toSorted()
    const texts = await Promise.all(
      names.map((name) => readFile(join(this.#folder, name), 'utf8').catch(() => ''))
    )
    return texts.flatMap((text) => {
      try {
        return [parseJson(text)]
      } catch {
        return []
      }
    })
  }

  async write(name: string, recipe: KeptRecipe): Promise<void> {
    const file = join(this.#folder, `${name}${SUFFIX}`)
    try {
      await writeFile(`${file}.new`, `${JSON.stringify(recipe)}\n`, { mode: 0o600, flush: true })
      await rename(`${file}.new`, file)
    } catch (cause) {
      throw new MeshError('STORE_FAILED', `the recipe could not be written: ${messageOf(cause)}`, {
        cause
      })
    }
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.#folder, `${name}${SUFFIX}`), { force: true })
  }
}
