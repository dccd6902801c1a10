/** Every snippet of TypeScript in the manual, and every example in the library's own words, compiles against the library. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { tmpdir } from 'node:os'
import { afterAll, expect, test } from 'vitest'
import { PROJECT } from '../support/running-taskmesh.ts'

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'library-examples-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Example {
  /** File and number. */
  name: string
  text: string
}

/** Whose client the examples of a file speak of; a class of the library for each. */
const CLIENTS: Readonly<Record<string, string>> = {
  'client/api-client.ts': 'ApiClient',
  'client/api-decisions.ts': 'ApiClient',
  'client/api-files.ts': 'ApiClient',
  'client/api-jobs.ts': 'ApiClient',
  'client/api-mesh.ts': 'ApiClient',
  'client/api-recipes.ts': 'ApiClient',
  'client/api-reputation.ts': 'ApiClient',
  'client/browser/mesh-client.ts': 'MeshClient',
  'client/mesh-client.ts': 'MeshClient',
  'client/mesh-files.ts': 'MeshClient',
  'client/mesh-work.ts': 'MeshClient',
  'client/recipes.ts': 'MeshClient',
  'roles/create-worker.ts': 'MeshClient'
}

/** What an example takes as given. */
const GIVEN = `
import { createWriteStream, openAsBlob } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Writable } from 'node:stream'
import { ApiClient, MeshClient, createWorker } from 'taskmesh'
import type { JobDocument } from 'taskmesh'
export const used = [createWriteStream, openAsBlob, readFile, Writable, ApiClient, MeshClient, createWorker]
declare const id: string, token: string, peerId: string, lines: string[], soonMs: number
declare const document: JobDocument, first: JobDocument, second: JobDocument
declare const manifest: Parameters<ApiClient['announceFile']>[0]['manifest']
`

function examplesIn(path: string, client: string): Example[] {
  const text = readFileSync(join(PROJECT, 'src', path), 'utf8')
  const blocks = [...text.matchAll(/@example\n((?: *\* (?!@).*\n| *\*\n)+)/g)]
  return blocks.map(([, block = ''], index) => {
    const code = block.replaceAll(/^ *\* ?/gm, '')
    const own = /const client\b/.test(code) ? '' : `client: ${client}`
    return {
      name: `${path}-${index}`,
      text: `${GIVEN}export async function example (${own}) {\n${code}\n}\n`
    }
  })
}

/** Whole programs, that is; what has no import leaves out what is around it. */
function snippetsOf(page: string): Example[] {
  const text = readFileSync(join(PROJECT, 'docs', page), 'utf8')
  const whole = [...text.matchAll(/^```ts[^\n]*\n(.*?)^```$/gms)].filter(([, code]) =>
    code?.includes("from 'taskmesh")
  )
  return whole.map(([, code = ''], index) => ({
    name: `docs-${page}-${index}`,
    text: `${code}\nexport {}\n`
  }))
}

test('all of them compile', async () => {
  const examples = [
    ...Object.entries(CLIENTS).flatMap(([path, client]) => examplesIn(path, client)),
    ...[
      '../README.md',
      ...readdirSync(join(PROJECT, 'docs'), { recursive: true, encoding: 'utf8' })
    ]
      .filter((name) => name.endsWith('.md'))
      .flatMap(snippetsOf)
  ]
  expect(examples.length).toBeGreaterThan(50)
  for (const { name, text } of examples) {
    writeFileSync(join(folder, `${name.replaceAll(/[/.]/g, '-')}.ts`), text)
  }
  const modules = join(PROJECT, 'node_modules')
  const config = {
    extends: join(PROJECT, 'tsconfig.json'),
    compilerOptions: {
      declaration: false,
      rewriteRelativeImportExtensions: false,
      allowImportingTsExtensions: true,
      module: 'preserve',
      typeRoots: [join(modules, '@types')],
      paths: {
        taskmesh: [join(PROJECT, 'src/index.ts')],
        'taskmesh/browser': [join(PROJECT, 'src/browser.ts')]
      }
    },
    include: [folder],
    exclude: []
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const tsc = join(modules, 'typescript', 'bin', 'tsc')
  // In its folder, so that what is wrong there is named without a way to it.
  const printed = await run(process.execPath, [tsc, '-p', '.'], { cwd: folder }).then(
    ({ stdout }) => stdout,
    ({ stdout }: { stdout: string }) => stdout
  )
  expect(printed.split('\n').filter((line) => /^[^.\s].*error/.test(line))).toEqual([])
})
