/**
 * Reads what devices of the local network say by UPnP, which may be anything: from the front to the back and once, as a
 * pattern that begins again at every letter takes seconds for a text that was written to that end. Pure.
 */
import { isIP } from 'node:net'
import { isPrivateIp } from '@libp2p/utils'

/** What a gateway's description names. */
export interface DescribedService {
  control: URL
  type: string
}

const SERVICE = /^urn:schemas-upnp-org:service:WAN(?:IP|PPP)Connection:[12]$/
const LOCATION = 'location:'

/** Where a device describes itself. Whoever names another machine than itself would have us talk to that one. */
export function locationIn(answer: string, sender: string): URL | undefined {
  if (!answer.includes('InternetGatewayDevice')) return undefined
  const line = answer.split('\n').find((each) => each.toLowerCase().startsWith(LOCATION))
  const text = line?.slice(LOCATION.length).trim() ?? ''
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  const isItsOwn = url.hostname === sender && isPrivateIp(sender) === true
  return url.protocol === 'http:' && isItsOwn ? url : undefined
}

/** The service that gives ports away, on the machine that describes it. */
export function serviceIn(description: string, location: URL): DescribedService | undefined {
  for (const block of blocksOf(description, 'service')) {
    const type = elementIn(block, 'serviceType') ?? ''
    const path = elementIn(block, 'controlURL')
    if (!SERVICE.test(type) || path === undefined || !URL.canParse(path, location)) continue
    const control = new URL(path, location)
    if (control.hostname === location.hostname && control.protocol === 'http:') {
      return { control, type }
    }
  }
  return undefined
}

/** The IPv4 address that it has towards the internet, as it says. */
export function externalHostIn(answer: string): string | undefined {
  const host = elementIn(answer, 'NewExternalIPAddress') ?? ''
  return isIP(host) === 4 ? host : undefined
}

/** The number of a refusal; undefined where it names none. */
export function errorCodeIn(answer: string): number | undefined {
  const code = elementIn(answer, 'errorCode') ?? ''
  return /^\d{1,5}$/.test(code) ? Number(code) : undefined
}

/** The text of the first element of that name, if nothing but text is in it. */
function elementIn(xml: string, name: string): string | undefined {
  const begin = tagOf(xml, name)
  const inside = begin === -1 ? -1 : xml.indexOf('>', begin) + 1
  const end = inside <= 0 ? -1 : xml.indexOf('<', inside)
  if (end === -1 || !xml.startsWith(`</${name}>`, end)) return undefined
  return xml.slice(inside, end).trim()
}

function tagOf(xml: string, name: string): number {
  const open = `<${name}`
  let at = xml.indexOf(open)
  // Of a longer name it is only the beginning.
  while (at !== -1 && !/[\s>]/.test(xml.charAt(at + open.length))) {
    at = xml.indexOf(open, at + open.length)
  }
  return at
}

function* blocksOf(xml: string, name: string): Generator<string> {
  let from = 0
  for (;;) {
    const begin = xml.indexOf(`<${name}>`, from)
    const end = begin === -1 ? -1 : xml.indexOf(`</${name}>`, begin)
    if (end === -1) return
    yield xml.slice(begin, end)
    from = end
  }
}
