/** Writes src/model/generated/*.ts from schemas/: the schemas are the truth, the types follow. */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { compile } from 'json-schema-to-typescript'

const SCHEMAS = fileURLToPath(new URL('../../schemas', import.meta.url))
const JOB_REFERENCE = '#/$defs/jobReference'
const TARGET = fileURLToPath(new URL('../../src/model/generated', import.meta.url))

/** File name of the generated module → its text, for each schema. */
export async function generateTypes(): Promise<Map<string, string>> {
  const modules = new Map<string, string>()
  for (const file of readdirSync(SCHEMAS, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!file.endsWith('.schema.json')) continue
    const name = file.replaceAll('\\', '/').replace('.schema.json', '').replace('/', '-')
    const text = await compile(readSchema(join(SCHEMAS, file)), name, {
      cwd: join(SCHEMAS, file, '..'),
      $refOptions: {
        resolve: { file: { read: ({ url }: { url: string }) => readSchema(new URL(url, 'file:')) } }
      },
      bannerComment: `/** Generated from schemas/${file} by \`npm run generate\`; do not edit. */`,
      style: { semi: false, singleQuote: true, printWidth: 100, trailingComma: 'none' },
      enableConstEnums: false,
      unreachableDefinitions: true,
      ignoreMinAndMaxItems: true
    })
    modules.set(`${name}.ts`, text)
  }
  return modules
}

/**
 * A text may be a reference to a job's result where a job is written, but never where its task is run: the
 * result has been put in its place by then. The types are those of what is run.
 */
function readSchema(file: string | URL): object {
  return JSON.parse(readFileSync(file, 'utf8'), (_key, value: unknown) =>
    isObject(value) ? withoutReference(value) : value
  ) as object
}

function withoutReference(schema: Record<string, unknown>): unknown {
  const { anyOf, ...rest } = schema
  if (!Array.isArray(anyOf)) return schema
  const others = anyOf.filter((one) => !isObject(one) || one['$ref'] !== JOB_REFERENCE)
  const [only] = others
  return others.length === 1 && anyOf.length > 1 ? { ...(only as object), ...rest } : schema
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, text] of await generateTypes()) writeFileSync(join(TARGET, name), text)
}
