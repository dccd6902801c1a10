/** Both protocols by which gateways give ports away, spoken with small gateways on loopback. */
import { createSocket } from 'node:dgram'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { describe, expect, onTestFinished, test } from 'vitest'
import { gatewayInNetstat, gatewayInRoutes } from '../../../src/network/nat/gateway.ts'
import { natPmpGateway } from '../../../src/network/nat/nat-pmp.ts'
import { upnpGateway } from '../../../src/network/nat/upnp.ts'
import type { AddressInfo } from 'node:net'
import type { Gateway } from '../../../src/network/nat/gateway.ts'

const HOST = '127.0.0.1'
const WANTED = { protocol: 'tcp', internalPort: 4_001, externalPort: 4_001 } as const

/** @param answer to each packet; undefined: none */
async function onUdp(answer: (bytes: Buffer) => Buffer | undefined): Promise<number> {
  const socket = createSocket('udp4')
  socket.on('message', (bytes, { address, port }) => {
    const said = answer(bytes)
    if (said !== undefined) socket.send(said, port, address)
  })
  socket.bind(0, HOST)
  await once(socket, 'listening')
  onTestFinished(() => void socket.close())
  return socket.address().port
}

/** A gateway that gives the port above the one that is asked for. */
function answerTo(bytes: Buffer, result = 0): Buffer {
  const opcode = bytes.readUInt8(1)
  const said = Buffer.alloc(opcode === 0 ? 12 : 16)
  said.writeUInt8(128 + opcode, 1)
  said.writeUInt16BE(result, 2)
  if (opcode === 0) Buffer.from([45, 0, 0, 9]).copy(said, 8)
  else {
    bytes.copy(said, 8, 4, 6)
    said.writeUInt16BE(bytes.readUInt16BE(6) + 1, 10)
    bytes.copy(said, 12, 8, 12)
  }
  return said
}

describe('by NAT-PMP', () => {
  test('a port is given, and given back', async () => {
    const heard: Buffer[] = []
    const port = await onUdp((bytes) => {
      heard.push(bytes)
      return answerTo(bytes)
    })
    const gateway = await natPmpGateway(HOST, { port })
    const lease = await gateway.map(WANTED)
    expect(lease).toEqual({
      protocol: 'tcp',
      internal: { host: HOST, port: 4_001 },
      external: { host: '45.0.0.9', port: 4_002 },
      lifetimeMs: 3_600_000
    })
    await gateway.unmap(lease)
    // Operation TCP, inside port, no wish, no lifetime: the mapping goes.
    expect(heard.at(-1)?.toString('hex')).toBe('000200000fa1000000000000')
  })

  test('a packet that is lost is sent again', async () => {
    let count = 0
    const port = await onUdp((bytes) => {
      count += 1
      return count === 1 ? undefined : answerTo(bytes)
    })
    await expect(natPmpGateway(HOST, { port })).resolves.toMatchObject({ internalHost: HOST })
  })

  test('one that gives no port is not believed to have given one', async () => {
    const port = await onUdp((bytes) => {
      const said = answerTo(bytes)
      if (said.byteLength > 12) said.writeUInt16BE(0, 10)
      return said
    })
    const gateway = await natPmpGateway(HOST, { port })
    await expect(gateway.map(WANTED)).rejects.toThrow('no port')
  })

  test('a refusal is an error that says why; what is no answer is none', async () => {
    const port = await onUdp((bytes) => {
      return bytes.readUInt8(1) === 0 ? answerTo(bytes) : answerTo(bytes, 2)
    })
    const gateway = await natPmpGateway(HOST, { port })
    await expect(gateway.map(WANTED)).rejects.toThrow('not allowed')
    const signal = AbortSignal.abort(new Error('enough'))
    const noise = await onUdp(() => Buffer.from([1]))
    await expect(natPmpGateway(HOST, { port: noise, signal })).rejects.toThrow('enough')
  })
})

const serviceOf = (type: string, path: string): string =>
  `<service><serviceType>${type}</serviceType><controlURL>${path}</controlURL></service>`
const DESCRIPTION =
  `<root><device><serviceList>${serviceOf('urn:schemas-upnp-org:service:Layer3Forwarding:1', '/no')}` +
  `${serviceOf('urn:schemas-upnp-org:service:WANIPConnection:1', '/control')}</serviceList></device></root>`
const faultOf = (code: number): string => `<UPnPError><errorCode>${code}</errorCode></UPnPError>`

describe('by UPnP', () => {
  interface Call {
    action: string
    body: string
  }

  /** @param answer to a call: the text of a fault, or undefined where all is well */
  async function gatewayWith(
    answer: (call: Call) => string | undefined,
    location = (port: number): string => `http://${HOST}:${port}/description.xml`,
    faultStatus = 500
  ): Promise<Gateway | undefined> {
    const server = createServer((request, response) => {
      void (async () => {
        let body = ''
        for await (const part of request) body += String(part)
        const action = /#(\w+)"/.exec(String(request.headers['soapaction']))?.[1] ?? ''
        const fault = request.method === 'GET' ? undefined : answer({ action, body })
        response.statusCode = fault === undefined ? 200 : faultStatus
        const address = '<NewExternalIPAddress>45.0.0.9</NewExternalIPAddress>'
        response.end(fault ?? (request.method === 'GET' ? DESCRIPTION : address))
      })()
    })
    server.listen(0, HOST)
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const search = await onUdp((bytes) => {
      const device = /^ST: (.*)$/m.exec(bytes.toString())?.[1]
      return Buffer.from(`HTTP/1.1 200 OK\r\nST: ${device}\r\nLOCATION: ${location(port)}\r\n\r\n`)
    })
    return await upnpGateway({ target: { host: HOST, port: search } })
  }

  test('a port is given, and given back', async () => {
    const calls: Call[] = []
    const gateway = await gatewayWith((call) => void calls.push(call))
    const lease = await gateway?.map(WANTED)
    expect(lease).toEqual({
      protocol: 'tcp',
      internal: { host: HOST, port: 4_001 },
      external: { host: '45.0.0.9', port: 4_001 },
      lifetimeMs: 3_600_000
    })
    if (lease !== undefined) await gateway?.unmap(lease)
    expect(calls.map(({ action }) => action)).toEqual([
      'GetExternalIPAddress',
      'AddPortMapping',
      'DeletePortMapping'
    ])
    expect(calls[1]?.body).toContain(`<NewInternalClient>${HOST}</NewInternalClient>`)
    expect(calls[2]?.body).toContain('<NewExternalPort>4001</NewExternalPort><NewProtocol>TCP<')
  })

  test('of a gateway that knows no leases it is taken for ever', async () => {
    const gateway = await gatewayWith(({ action, body }) =>
      action === 'AddPortMapping' && !body.includes('<NewLeaseDuration>0<')
        ? faultOf(725)
        : undefined
    )
    expect(await gateway?.map(WANTED)).toMatchObject({ lifetimeMs: Infinity })
  })

  test('a refusal is an error', async () => {
    const gateway = await gatewayWith(() => faultOf(718))
    await expect(gateway?.map(WANTED)).rejects.toThrow('718')
  })

  test('one that names no address is asked for no port', async () => {
    const calls: string[] = []
    const gateway = await gatewayWith(
      ({ action }) => {
        calls.push(action)
        return action === 'GetExternalIPAddress'
          ? '<NewExternalIPAddress>x</NewExternalIPAddress>'
          : ''
      },
      undefined,
      200
    )
    await expect(gateway?.map(WANTED)).rejects.toThrow('no address')
    expect(calls).toEqual(['GetExternalIPAddress'])
  })

  test('who names another machine than itself is not believed', async () => {
    const signal = AbortSignal.timeout(200)
    const search = await onUdp(() =>
      Buffer.from(
        'HTTP/1.1 200 OK\r\nST: InternetGatewayDevice:1\r\nLOCATION: http://127.0.0.2:1/x\r\n\r\n'
      )
    )
    const target = { host: HOST, port: search }
    await expect(upnpGateway({ target, signal })).rejects.toThrow('timeout')
  })
})

test('the default gateway is read from what systems print', () => {
  const routes =
    'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\n' +
    'eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n' +
    'eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n'
  expect(gatewayInRoutes(routes)).toBe('192.168.1.1')
  expect(gatewayInRoutes('')).toBeUndefined()
  expect(gatewayInNetstat('default            192.168.1.1        UGScg  en0\n')).toBe('192.168.1.1')
  const windows = '          0.0.0.0          0.0.0.0      192.168.1.1     192.168.1.5     25\n'
  expect(gatewayInNetstat(windows)).toBe('192.168.1.1')
  expect(gatewayInNetstat('127.0.0.1 127.0.0.1 UH lo0\n')).toBeUndefined()
})
