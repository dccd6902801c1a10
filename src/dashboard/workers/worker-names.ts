/** What workers' owners call them: the map has it, the list of workers has not. */
import { computed } from '@preact/signals'
import { map } from '../data/live.ts'
import { shortPeer } from '../data/formats.ts'
import type { ReadonlySignal } from '@preact/signals'

/** By PeerId, of all nodes that have one. */
export const nodeNames: ReadonlySignal<ReadonlyMap<string, string>> = computed(
  () =>
    new Map(
      map.value?.nodes.flatMap(({ name, peer_id }) =>
        name === undefined ? [] : [[peer_id, name] as const]
      )
    )
)

export function nameOf(peer: string): string {
  return nodeNames.value.get(peer) ?? shortPeer(peer)
}
