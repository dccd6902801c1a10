/**
 * Ports of a gateway by UPnP (Internet Gateway Device 1 and 2): found by multicast (SSDP), described in XML, asked by
 * SOAP. What answers is somebody of the local network: it is read within bounds, and asked only where it is itself.
 */
import { createSocket } from 'node:dgram'
import { request as httpRequest } from 'node:http'
import { networkInterfaces } from 'node:os'
import { unlessAborted } from '../../core/abort.ts'
import { MeshError } from '../../core/errors.ts'
import { LEASE_SECONDS } from './gateway.ts'
import { errorCodeIn, externalHostIn, locationIn, serviceIn } from './upnp-answers.ts'
import type { AbortOptions } from '../../core/abort.ts'
import type { Gateway, Lease, PortRequest } from './gateway.ts'
import type { DescribedService } from './upnp-answers.ts'
import type { Socket } from 'node:dgram'

export interface SearchOptions extends AbortOptions {
  /** For tests. @default the multicast address of SSDP */
  target?: { host: string; port: number }
}

const SSDP = { host: '239.255.255.250', port: 1_900 }
const DEVICES = [1, 2].map(
  (version) => `urn:schemas-upnp-org:device:InternetGatewayDevice:${version}`
)
const SEARCH_MS = 3_000
const HTTP_MS = 5_000
const DOCUMENT_BYTES_MAX = 262_144
/** A network has one gateway, or a few; whoever answers for many is none of them. */
const FOUND_MAX = 4
/** What the gateway shows its owner. */
const DESCRIPTION = 'taskmesh'
/** Of a gateway that keeps mappings for ever or not at all. */
const PERMANENT_ONLY = 725

interface Service extends DescribedService {
  /** This machine's address, as it talks to the gateway. */
  ownHost: string
}

interface HttpAnswer {
  status: number
  text: string
  ownHost: string
}

/** Undefined where no gateway of the local network speaks UPnP, or lets us. */
export async function upnpGateway(options: SearchOptions = {}): Promise<Gateway | undefined> {
  for (const location of await search(options)) {
    const service = await serviceAt(location, options).catch(() => undefined)
    if (service !== undefined) return gatewayOf(service)
  }
  return undefined
}

function gatewayOf(service: Service): Gateway {
  const { ownHost } = service
  return {
    kind: 'UPnP',
    internalHost: ownHost,
    async map(wanted, options = {}) {
      const host = externalHostIn(await call(service, 'GetExternalIPAddress', {}, options))
      if (host === undefined) {
        throw new MeshError('PEER_UNREACHABLE', 'the gateway has no address of its own')
      }
      const lifetimeMs = await addMapping(service, wanted, options)
      return {
        protocol: wanted.protocol,
        internal: { host: ownHost, port: wanted.internalPort },
        external: { host, port: wanted.externalPort },
        lifetimeMs
      }
    },
    async unmap({ external, protocol }: Lease, options = {}) {
      await call(service, 'DeletePortMapping', nameOf(external.port, protocol), options)
    }
  }
}

/** @returns for how long */
async function addMapping(
  service: Service,
  { externalPort, internalPort, protocol }: PortRequest,
  options: AbortOptions
): Promise<number> {
  const values = (seconds: number): Record<string, string | number> => ({
    ...nameOf(externalPort, protocol),
    NewInternalPort: internalPort,
    NewInternalClient: service.ownHost,
    NewEnabled: 1,
    NewPortMappingDescription: DESCRIPTION,
    NewLeaseDuration: seconds
  })
  const answer = await post(service, 'AddPortMapping', values(LEASE_SECONDS), options)
  if (codeIn(answer) !== PERMANENT_ONLY) {
    accepted('AddPortMapping', answer)
    return LEASE_SECONDS * 1_000
  }
  await call(service, 'AddPortMapping', values(0), options)
  return Infinity
}

/** By which a mapping is known. */
function nameOf(port: number, protocol: PortRequest['protocol']): Record<string, string | number> {
  return { NewRemoteHost: '', NewExternalPort: port, NewProtocol: protocol.toUpperCase() }
}

/** Where gateways of the local network describe themselves. */
async function search({ signal, target = SSDP }: SearchOptions): Promise<URL[]> {
  const found = new Map<string, URL>()
  const { promise, resolve } = Promise.withResolvers<void>()
  const sockets = ownHosts(target.host).map((host) => {
    const socket = createSocket('udp4')
    socket.on('error', () => {})
    socket.on('message', (bytes: Buffer, { address }) => {
      const location = locationIn(bytes.toString('latin1'), address)
      if (location === undefined || found.size >= FOUND_MAX) return
      found.set(location.href, location)
      resolve()
    })
    socket.bind(0, host, () => ask(socket, target))
    return socket
  })
  try {
    const patience = AbortSignal.timeout(SEARCH_MS)
    const both = signal === undefined ? patience : AbortSignal.any([signal, patience])
    await unlessAborted(promise, { signal: both }).catch(() => {})
    signal?.throwIfAborted()
  } finally {
    for (const socket of sockets) socket.close()
  }
  return [...found.values()]
}

function ask(socket: Socket, { host, port }: { host: string; port: number }): void {
  for (const device of DEVICES) {
    const lines = ['M-SEARCH * HTTP/1.1', `HOST: ${host}:${port}`, 'MAN: "ssdp:discover"', 'MX: 1']
    socket.send([...lines, `ST: ${device}`, '', ''].join('\r\n'), port, host)
  }
}

/** Of each network, as multicast leaves by one alone. */
function ownHosts(target: string): string[] {
  if (target.startsWith('127.')) return ['127.0.0.1']
  return Object.values(networkInterfaces())
    .flatMap((addresses = []) => addresses)
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address)
}

async function serviceAt(location: URL, options: AbortOptions): Promise<Service | undefined> {
  const { ownHost, text } = await exchange(location, { method: 'GET' }, '', options)
  const service = serviceIn(text, location)
  return service === undefined ? undefined : { ...service, ownHost }
}

/** @throws MeshError PEER_UNREACHABLE where it refuses */
async function call(...asked: Parameters<typeof post>): Promise<string> {
  return accepted(asked[1], await post(...asked))
}

function accepted(action: string, answer: HttpAnswer): string {
  if (answer.status === 200) return answer.text
  throw new MeshError('PEER_UNREACHABLE', `the gateway refuses ${action} (${codeIn(answer)})`)
}

function codeIn({ status, text }: HttpAnswer): number {
  return errorCodeIn(text) ?? status
}

async function post(
  { control, type }: Service,
  action: string,
  values: Record<string, string | number>,
  options: AbortOptions
): Promise<HttpAnswer> {
  const inside = Object.entries(values).map(([name, value]) => `<${name}>${value}</${name}>`)
  const body =
    '<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" ' +
    's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>' +
    `<u:${action} xmlns:u="${type}">${inside.join('')}</u:${action}></s:Body></s:Envelope>`
  const headers = { 'Content-Type': 'text/xml; charset="utf-8"', SOAPAction: `"${type}#${action}"` }
  return await exchange(control, { method: 'POST', headers }, body, options)
}

async function exchange(
  url: URL,
  init: { method: string; headers?: Record<string, string> },
  body: string,
  { signal }: AbortOptions
): Promise<HttpAnswer> {
  const patience = AbortSignal.timeout(HTTP_MS)
  const both = signal === undefined ? patience : AbortSignal.any([signal, patience])
  const { promise, reject, resolve } = Promise.withResolvers<HttpAnswer>()
  const request = httpRequest(url, { ...init, agent: false, signal: both }, (response) => {
    const ownHost = response.socket.localAddress ?? ''
    const { statusCode: status = 0 } = response
    let text = ''
    response.setEncoding('utf8')
    response.on('data', (part: string) => {
      text += part
      if (text.length > DOCUMENT_BYTES_MAX) response.destroy(new Error('it says too much'))
    })
    response.on('error', reject)
    response.on('end', () => resolve({ status, text, ownHost }))
  })
  request.on('error', reject)
  request.end(body)
  return await promise
}
