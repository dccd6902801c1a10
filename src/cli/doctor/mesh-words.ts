/** What checks of the mesh have in common: how a peer is called, and where a mesh lies. */
import { isCircuit, parseAddress } from '../../network/addresses.ts'
import { isLoopbackAddress } from '../../config/address.ts'
import { isPublic } from '../../network/nat/own-addresses.ts'
import { shortPeer } from '../render.ts'
import type { BootstrapFacts, MeshFacts, OwnNodeFacts } from '../survey/facts.ts'

export function nameOf(bootstrap: BootstrapFacts | undefined): string {
  const { addresses = [], answer, peer } = bootstrap ?? {}
  const address = (answer?.address ?? addresses[0] ?? '').replace(/\/p2p\/[^/]+$/, '')
  return peer === undefined ? address : `${shortPeer(peer)} (${address})`
}

export function answering({ bootstraps }: MeshFacts): BootstrapFacts[] {
  return bootstraps.filter(({ answer }) => answer !== undefined)
}

/** Nobody but this machine has anything to do with it. */
export function isLocalMesh({ bootstraps, own }: MeshFacts): boolean {
  const addresses = bootstraps.flatMap((one) => one.addresses)
  return addresses.every(isLoopbackAddress) && own.every((node) => !node.isForOthers)
}

export function isPublicAddress(address: string): boolean {
  return isPublic(parseAddress(address))
}

export function isCircuitAddress(address: string): boolean {
  return isCircuit(parseAddress(address))
}

export function listOf(nodes: readonly Pick<OwnNodeFacts, 'name'>[]): string {
  return nodes.map(({ name }) => name).join(', ')
}
