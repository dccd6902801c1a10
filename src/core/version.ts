/** The program's name and version, as it tells them to peers and people. */
import { readFileSync } from 'node:fs'

const { version } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
) as {
  version: string
}

export const VERSION: string = version
export const AGENT: string = `taskmesh/${version}`
