/** Files for tasks: inputs as a worker lays them ready, and outputs as a publisher finds them. */
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { dirname, join } from 'node:path'
import { tmpdir } from 'node:os'
import type { OutputWish } from '../../src/model/job.ts'
import type { Produced, TaskInput, TaskRun } from '../../src/executors/executor.ts'

type Content = string | Uint8Array

/** A folder that nobody but the worker may enter, as its home is. */
export class InputStore {
  readonly path: string = mkdtempSync(join(tmpdir(), 'taskmesh-inputs-test-'))
  #count = 0

  file(path: string, content: Content): TaskInput {
    const source = join(this.path, `f${(this.#count += 1)}`)
    writeFileSync(source, content, { mode: 0o444 })
    return { path, source, kind: 'file', sizeBytes: Buffer.from(content).byteLength }
  }

  folder(path: string, files: Readonly<Record<string, Content>>): TaskInput {
    const source = join(this.path, `d${(this.#count += 1)}`)
    mkdirSync(source)
    let sizeBytes = 0
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(source, name)), { recursive: true })
      writeFileSync(join(source, name), content, { mode: 0o444 })
      sizeBytes += Buffer.from(content).byteLength
    }
    chmodSync(source, 0o755)
    return { path, source, kind: 'folder', sizeBytes }
  }

  close(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** What is there, by path: a text of each file, `-> target` of each link. */
export function contentOf(produced: Produced): Record<string, string> {
  if (produced.kind === 'disk') return Object.fromEntries(treeOf(produced.path, ''))
  return Object.fromEntries(
    [...produced.files].map(([path, bytes]) => [path, Buffer.from(bytes).toString()])
  )
}

/** Takes all outputs, each by its name. */
export function takeOutputs(
  ...wishes: [name: string, path: string][]
): Pick<TaskRun, 'outputs' | 'onOutput'> & { taken: Map<string, Record<string, string>> } {
  const taken = new Map<string, Record<string, string>>()
  return {
    taken,
    outputs: wishes.map(([name, path]): OutputWish => ({ name, path })),
    onOutput: async ({ name }, produced) => void taken.set(name, contentOf(produced))
  }
}

function treeOf(at: string, path: string): [string, string][] {
  const stats = lstatSync(at)
  if (stats.isSymbolicLink()) return [[path, `-> ${readlinkSync(at)}`]]
  if (!stats.isDirectory()) return [[path, readFileSync(at, 'utf8')]]
  return readdirSync(at).flatMap((name) =>
    treeOf(`${at}/${name}`, path === '' ? name : `${path}/${name}`)
  )
}
