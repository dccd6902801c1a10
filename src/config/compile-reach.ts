/** How a node reaches others and is reached, from a checked document: addresses, transports, relays, the local network. */
import { MeshError } from '../core/errors.ts'
import { parseBytes, parseDurationMs } from '../core/units.ts'
import { checkAddress, checkListen, transportsFor } from './address.ts'
import type { BootstrapConfig } from '../model/generated/config-bootstrap.ts'
import type { ShareConfig } from '../model/generated/config-share.ts'
import type { ReachSettings, RelaySettings } from './settings.ts'

/** The keys that more than one role has. */
export type NodeConfig = Omit<BootstrapConfig, `relay${string}`> & Pick<ShareConfig, 'relays'>

/** Each is a connection, of the five thousand that a bootstrap has. */
const RESERVATIONS_MAX = 1_024
/** Less of any of these would cut a node off in the middle of joining. */
const DATA = { path: 'relay_data', min: 1_048_576, minText: '1MiB' }
const DURATION = { path: 'relay_duration', min: 60_000, minText: '1m' }
const RATE = { path: 'relay_rate', min: 65_536, minText: '64KiB' }

export function compileReach(values: NodeConfig): ReachSettings {
  const listen = (values.listen ?? []).map((text) => checkListen(text, 'listen'))
  const announce = (values.announce ?? []).map((text) => checkAddress(text, 'announce'))
  const bootstrap = (values.bootstrap ?? []).map((text) => checkAddress(text, 'bootstrap'))
  return {
    listen: Object.freeze(listen),
    announce: Object.freeze(announce),
    bootstrap: Object.freeze(bootstrap),
    transports: Object.freeze(
      transportsFor(values.transports ?? [], [...listen, ...announce, ...bootstrap])
    ),
    relays: values.relays,
    hasMdns: values.mdns ?? true,
    mapsPorts: values.map_ports ?? false
  }
}

export function compileRelay(values: BootstrapConfig): RelaySettings {
  const { relay_data: data, relay_duration: duration, relay_rate: rate } = values
  return Object.freeze({
    isOn: values.relay ?? true,
    reservationsMax: values.relay_max ?? RESERVATIONS_MAX,
    dataBytes: data === undefined ? undefined : parseLimit(parseBytes(data, 'relay_data'), DATA),
    durationMs:
      duration === undefined
        ? undefined
        : parseLimit(parseDurationMs(duration, 'relay_duration'), DURATION),
    rateBytes: rate === undefined ? undefined : parseLimit(parseBytes(rate, 'relay_rate'), RATE)
  })
}

/** @throws MeshError FIELD_INVALID */
function parseLimit(value: number, { min, minText, path }: typeof DATA): number {
  if (value >= min) return value
  throw new MeshError('FIELD_INVALID', `${path} leaves too little to work with`, {
    path,
    hint: `give at least ${minText}, leave it out for no limit, or turn \`relay\` off`
  })
}
