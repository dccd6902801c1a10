/** Writes src/model/generated/*.ts from schemas/: the schemas are the truth, the types follow. */
import { readdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { compileFromFile } from 'json-schema-to-typescript'

const SCHEMAS = fileURLToPath(new URL('../../schemas', import.meta.url))
const TARGET = fileURLToPath(new URL('../../src/model/generated', import.meta.url))

/** File name of the generated module → its text, for each schema. */
export async function generateTypes(): Promise<Map<string, string>> {
  const modules = new Map<string, string>()
  for (const file of readdirSync(SCHEMAS, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!file.endsWith('.schema.json')) continue
    const name = file.replaceAll('\\', '/').replace('.schema.json', '').replace('/', '-')
    const text = await compileFromFile(join(SCHEMAS, file), {
      cwd: join(SCHEMAS, file, '..'),
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

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, text] of await generateTypes()) writeFileSync(join(TARGET, name), text)
}
