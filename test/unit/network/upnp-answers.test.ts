/** What is believed of what devices of the local network say. */
import { expect, test } from 'vitest'
import {
  errorCodeIn,
  externalHostIn,
  locationIn,
  serviceIn
} from '../../../src/network/nat/upnp-answers.ts'

const LOCATION = new URL('http://192.168.1.1:5000/root.xml')
const TYPE = 'urn:schemas-upnp-org:service:WANIPConnection:1'
const said = (location: string): string =>
  `HTTP/1.1 200 OK\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nLocation: ${location}\r\n\r\n`
const service = (type: string, path: string): string =>
  `<service>\n<serviceType>${type}</serviceType><controlURL>${path}</controlURL></service>`
const host = (text: string): string =>
  `<NewExternalIPAddress dt="string"> ${text} </NewExternalIPAddress>`

test('a device is looked for where it is itself, and nowhere else', () => {
  expect(locationIn(said(LOCATION.href), '192.168.1.1')?.href).toBe(LOCATION.href)
  expect(locationIn(said(LOCATION.href), '192.168.1.2')).toBeUndefined()
  expect(locationIn(said('https://192.168.1.1/'), '192.168.1.1')).toBeUndefined()
  expect(locationIn(said('http://45.0.0.1/'), '45.0.0.1')).toBeUndefined()
  expect(locationIn(said('nonsense'), '192.168.1.1')).toBeUndefined()
  expect(locationIn('LOCATION: http://192.168.1.1/', '192.168.1.1')).toBeUndefined()
})

test('what gives ports away is asked on the machine that describes it', () => {
  const other = service('urn:schemas-upnp-org:service:Layer3Forwarding:1', '/no')
  expect(serviceIn(other + service(TYPE, '/control'), LOCATION)).toEqual({
    control: new URL('http://192.168.1.1:5000/control'),
    type: TYPE
  })
  expect(serviceIn(service(TYPE, 'http://192.168.1.9/'), LOCATION)).toBeUndefined()
  expect(serviceIn(service(TYPE, 'https://192.168.1.1/'), LOCATION)).toBeUndefined()
  expect(serviceIn(service(`${TYPE}"x`, '/control'), LOCATION)).toBeUndefined()
  expect(serviceIn(other, LOCATION)).toBeUndefined()
})

test('an address is one, and a code is a number', () => {
  expect(externalHostIn(host('45.0.0.9'))).toBe('45.0.0.9')
  expect(externalHostIn(host('evil.example'))).toBeUndefined()
  expect(externalHostIn(host('<b>45.0.0.9</b>'))).toBeUndefined()
  expect(errorCodeIn('<errorCodes>1</errorCodes><errorCode>725</errorCode>')).toBe(725)
  expect(errorCodeIn('<errorCode>1e9</errorCode>')).toBeUndefined()
})

// Each took some ten seconds of the thread while it was read by patterns.
test.each(['<service>', '<serviceType', '<controlURL ', '<service><serviceType>'])(
  'a description of nothing but %s costs no more than others',
  (part) => {
    const text = part.repeat(262_144 / part.length)
    expect(serviceIn(text, LOCATION)).toBeUndefined()
    expect(serviceIn(`<service>${text}</service>`, LOCATION)).toBeUndefined()
    expect(externalHostIn(text.replaceAll(part, '<NewExternalIPAddress'))).toBeUndefined()
  }
)
