/** What the local network says: gateways and multicast, of which anybody may be the author; and what a node finds again of itself. */
import { EventEmitter } from 'node:events'
import { isIP } from 'node:net'
import multicastDns from 'multicast-dns'
import { addressesIn } from '../../../src/network/contact/lan-multicast.ts'
import { isAnswerTo } from '../../../src/network/nat/nat-pmp.ts'
import { parseBook } from '../../../src/network/contact/peer-book.ts'
import {
  errorCodeIn,
  externalHostIn,
  locationIn,
  serviceIn
} from '../../../src/network/nat/upnp-answers.ts'
import { readAddresses } from '../../../src/network/addresses.ts'
import { JSON_REFUSALS, bytesOf, textOf, utf8 } from '../target.ts'
import type { FuzzTarget } from '../target.ts'

const PEER = '12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB'
const GATEWAY = '192.168.1.1'

/** A port of TCP: inside 4001, outside 4002. */
const ASKED = Buffer.from('000200000fa10fa200000e10', 'hex')
const natPmp: FuzzTarget = {
  name: 'nat-pmp',
  form: 'bytes',
  seeds: () => [
    Buffer.from('00820000000000010fa10fa200000e10', 'hex'),
    Buffer.from('00820000000000010fa10fa300000001', 'hex'),
    Buffer.from('0080000000000001c0a80101', 'hex')
  ],
  read: (input) => {
    const bytes = Buffer.from(input)
    if (isAnswerTo(ASKED, bytes) && bytes.readUInt16BE(8) !== 4_001) {
      throw new Error('it is about another port')
    }
    isAnswerTo(Buffer.from([0, 0]), bytes)
  },
  refusals: ['PEER_UNREACHABLE']
}

const ssdp: FuzzTarget = {
  name: 'upnp-search',
  form: 'text',
  seeds: () => [
    utf8(
      `HTTP/1.1 200 OK\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nLOCATION: http://${GATEWAY}:5000/root.xml\r\n\r\n`
    )
  ],
  read: (input) => {
    const url = locationIn(Buffer.from(input).toString('latin1'), GATEWAY)
    if (url !== undefined && url.hostname !== GATEWAY) throw new Error('it leads elsewhere')
  },
  refusals: []
}

const TYPE = 'urn:schemas-upnp-org:service:WANIPConnection:1'
const upnp: FuzzTarget = {
  name: 'upnp-xml',
  form: 'text',
  seeds: () => [
    utf8(
      `<root><service><serviceType>${TYPE}</serviceType><controlURL>/c</controlURL></service></root>`
    ),
    utf8('<NewExternalIPAddress>45.0.0.9</NewExternalIPAddress><errorCode>725</errorCode>')
  ],
  read: (input) => {
    const text = textOf(input)
    const service = serviceIn(text, new URL(`http://${GATEWAY}:5000/`))
    if (service !== undefined && service.control.hostname !== GATEWAY) {
      throw new Error('it leads elsewhere')
    }
    const host = externalHostIn(text)
    if (host !== undefined && isIP(host) !== 4) throw new Error('that is no address')
    errorCodeIn(text)
  },
  refusals: []
}

/** Who answers to the name, and at which address. */
const MDNS_ANSWER = Buffer.from(
  'AACAAAAAAAIAAAAACV90YXNrbWVzaARfdWRwBWxvY2FsAAAMAAEAAAAAABsEYmVlZglfdGFza21lc2gEX3VkcAVsb2NhbAAEYmVlZglfdGFza21lc2gEX3VkcAVsb2NhbAAAEAABAAAAAABYV2Ruc2FkZHI9L2lwNC8xOTIuMTY4LjEuNS90Y3AvMS9wMnAvMTJEM0tvb1dHUlVWaDVyQlpGdjRvSHdyYkJycEVxSEVQRTlEWDZlU3J0OUJuUEdZa1p6Qg==',
  'base64'
)
/** In place of a socket. */
const lan = new EventEmitter()
const SERVICE = { service: '_taskmesh._udp.local', instance: 'f00d' }
multicastDns({ socket: lan as never, bind: false as never, multicast: false })
  .on('response', (packet) => readAddresses(addressesIn(packet, SERVICE)))
  .on('warning', () => {})
const mdns: FuzzTarget = {
  name: 'mdns',
  form: 'bytes',
  seeds: () => [MDNS_ANSWER],
  read: (input) => lan.emit('message', Buffer.from(input), { address: GATEWAY }),
  refusals: []
}

const peerBook: FuzzTarget = {
  name: 'peer-book',
  form: 'json',
  seeds: () => [
    bytesOf({
      version: 1,
      peers: [
        {
          peer_id: PEER,
          role: 'bootstrap',
          keeps_dht: true,
          addresses: ['/ip4/192.168.1.5/tcp/1'],
          last_seen_ms: 1_700_000_000_000
        }
      ]
    })
  ],
  read: (input) => parseBook(textOf(input)),
  refusals: [...JSON_REFUSALS, 'FIELD_INVALID']
}

export const NETWORK_TARGETS: readonly FuzzTarget[] = [natPmp, ssdp, upnp, mdns, peerBook]
