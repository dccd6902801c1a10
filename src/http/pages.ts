/**
 * Gives out the built dashboard, wherever no operation of the API is: its files by their names, its one page
 * for every other path, as the page itself knows what its paths mean. What is given out was read from one folder
 * beforehand, so that no path can lead out of it. Nobody needs a token for it: it is the same for everybody
 * and says nothing of the mesh.
 */
import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { PageFolder } from './page-files.ts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { PageFile, PageFiles } from './page-files.ts'

/** From the most to the least wanted. */
const ENCODINGS = ['br', 'gzip'] as const
type Encoding = (typeof ENCODINGS)[number]

/** One of our own may run, load and be asked; nothing is written into a page, and no page shows ours in a frame. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join('; ')

const PAGE_HEADERS = {
  'content-security-policy': POLICY,
  'cross-origin-opener-policy': 'same-origin'
} as const

/** Its name changes with its content. */
const HASHED = 'assets/'
const FOR_EVER = 'public, max-age=31536000, immutable'
const ASK_AGAIN = 'no-cache'

/** Nearly as small as with more effort, in a tenth of the time. */
const BROTLI_QUALITY = 7

const NOT_BUILT = `<!doctype html>
<html lang="en">
<title>taskmesh</title>
<h1>The pages are not built</h1>
<p>Run <code>npm run build</code> in the folder of taskmesh, then load this page again. The API under <code>/v1</code> works without them.</p>
</html>
`

/** Whether a request is none of the API's: looking, at a path outside of it. */
export function isPageRequest({ is404, method, url }: FastifyRequest): boolean {
  const isLook = method === 'GET' || method === 'HEAD'
  return is404 && isLook && url.startsWith('/') && !/^\/v1(?:[/?]|$)/.test(url)
}

interface Packed {
  bytes: Buffer
  etag: string
}

export class Pages {
  readonly #folder: PageFolder
  /** By file and encoding; forgotten with their file. */
  readonly #packed = new WeakMap<PageFile, Map<Encoding | 'plain', Promise<Packed>>>()
  /** The page as it is given out from paths of one depth. */
  readonly #indexes = new WeakMap<PageFiles, Map<string, PageFile>>()

  /** @param folder of what was built */
  constructor(folder: URL = new URL('../../dist/dashboard/', import.meta.url)) {
    this.#folder = new PageFolder(folder)
  }

  async answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    reply.headers(PAGE_HEADERS)
    const files = await this.#folder.read()
    if (files === undefined) {
      return reply.code(503).type('text/html; charset=utf-8').send(NOT_BUILT)
    }
    const path = request.url.slice(1).split('?', 1)[0] as string
    const file = files.byName.get(path)
    if (file === undefined && isFileName(path)) {
      return reply.code(404).type('text/plain; charset=utf-8').send('There is no such file.\n')
    }
    reply.header(
      'cache-control',
      file !== undefined && path.startsWith(HASHED) ? FOR_EVER : ASK_AGAIN
    )
    return await this.#send(file ?? this.#index(files, path), request, reply)
  }

  async #send(
    file: PageFile,
    { headers }: FastifyRequest,
    reply: FastifyReply
  ): Promise<FastifyReply> {
    const encoding = file.isText ? encodingOf(headers['accept-encoding']) : undefined
    const { bytes, etag } = await this.#pack(file, encoding)
    reply.header('etag', etag)
    if (file.isText) reply.header('vary', 'accept-encoding')
    if (headers['if-none-match']?.split(/, */).includes(etag) === true) {
      return reply.code(304).send()
    }
    if (encoding !== undefined) reply.header('content-encoding', encoding)
    return reply.type(file.type).send(bytes)
  }

  /** Packs each once, however many ask. */
  #pack(file: PageFile, encoding: Encoding | undefined): Promise<Packed> {
    const ways = this.#packed.get(file) ?? new Map<Encoding | 'plain', Promise<Packed>>()
    this.#packed.set(file, ways)
    const way = encoding ?? 'plain'
    const packed = ways.get(way) ?? pack(file.bytes, encoding)
    ways.set(way, packed)
    return packed
  }

  /**
   * The page names its files from where it lies, so that it may be given out below any path of a proxy: a
   * path further down has further up to go.
   */
  #index(files: PageFiles, path: string): PageFile {
    const depth = path.split('/').length - 1
    const up = depth === 0 ? './' : '../'.repeat(Math.min(depth, DEPTH_MAX))
    const known = this.#indexes.get(files) ?? new Map<string, PageFile>()
    this.#indexes.set(files, known)
    const index = known.get(up) ?? {
      ...files.index,
      bytes: Buffer.from(files.index.bytes.toString().replace(BASE, `<base href="${up}"`))
    }
    known.set(up, index)
    return index
  }
}

/** From where the page finds its files. */
const BASE = '<base href="./"'

/** No page lies deeper. */
const DEPTH_MAX = 16

/** What looks like a file is not a path of the page: a browser would take the page for a script. */
function isFileName(path: string): boolean {
  return path.startsWith(HASHED) || /^[^/]+\.\w+$/.test(path)
}

function encodingOf(accepted: string | string[] | undefined): Encoding | undefined {
  const wanted = [accepted ?? []].flat().join(',').toLowerCase().split(',')
  const names = wanted
    .filter((each) => !/;\s*q=0(\.0*)?\s*$/.test(each))
    .map((each) => each.split(';', 1)[0]?.trim())
  return ENCODINGS.find((encoding) => names.includes(encoding))
}

async function pack(bytes: Buffer, encoding: Encoding | undefined): Promise<Packed> {
  const hash = createHash('sha256').update(bytes).digest('base64url').slice(0, 22)
  const etag = `"${hash}${encoding === undefined ? '' : `-${encoding}`}"`
  switch (encoding) {
    case 'br': {
      const params = { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY }
      return { bytes: await promisify(brotliCompress)(bytes, { params }), etag }
    }
    case 'gzip':
      return { bytes: await promisify(gzip)(bytes), etag }
    case undefined:
      return { bytes, etag }
  }
}
