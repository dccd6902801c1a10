/** A web server of a test's own, with a certificate made for it: https on loopback, answered by the test. */
import { createServer } from 'node:https'
import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import type { AddressInfo } from 'node:net'
import type { RequestListener } from 'node:http'

export interface TlsServer {
  /** `https://127.0.0.1:…`, without a slash at its end. */
  url: string
  /** The certificate, which a client has to trust. */
  ca: string
  stop: () => Promise<void>
}

/** Node makes keys, and no certificates. */
export const hasOpenssl = spawnSync('openssl', ['version']).status === 0

export async function startTlsServer(answer: RequestListener): Promise<TlsServer> {
  const { cert, key } = makeCertificate()
  const server = createServer({ cert, key }, answer)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `https://127.0.0.1:${port}`,
    ca: cert,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      })
  }
}

/** Self-signed, for localhost, or for whom it is said; its key with it. */
export function makeCertificate(names: readonly string[] = ['DNS:localhost', 'IP:127.0.0.1']): {
  cert: string
  key: string
} {
  const folder = mkdtempSync(join(tmpdir(), 'taskmesh-tls-'))
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const subject = ['-subj', '/CN=localhost', '-addext', `subjectAltName=${names.join(',')}`]
  const files = ['-keyout', key, '-out', cert, '-days', '2']
  try {
    execFileSync('openssl', ['req', '-x509', ...kind, ...subject, ...files], { stdio: 'ignore' })
    return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
