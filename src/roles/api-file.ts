/** Tells programs of the same user where a node's API is and what opens it, in a file only they can read. */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Startable } from '../core/startable.ts'

export interface ApiFacts {
  role: 'monitor' | 'router'
  url: string
  token: string
  /** Of https: the certificate that answers there (PEM), which may be known to nobody else. */
  ca?: string
}

export class ApiFile implements Startable {
  readonly #path: string
  readonly #describe: () => ApiFacts

  constructor(folder: string, describe: () => ApiFacts) {
    this.#path = join(folder, 'api.json')
    this.#describe = describe
  }

  async start(): Promise<void> {
    rmSync(this.#path, { force: true })
    const text = JSON.stringify({ ...this.#describe(), pid: process.pid })
    writeFileSync(this.#path, `${text}\n`, { mode: 0o600, flag: 'wx' })
  }

  async stop(): Promise<void> {
    rmSync(this.#path, { force: true })
  }
}
