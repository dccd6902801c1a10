/** How a router is called that is looked at through a monitor. */
import { map } from '../data/live.ts'
import { shortPeer } from '../data/formats.ts'
import type { RouterView } from '../../model/generated/api-router.ts'

/** Names come with the map first. */
export function nameOfRouter({ name, peer_id }: RouterView): string {
  const marked = map.value?.nodes.find((node) => node.peer_id === peer_id)
  return name ?? marked?.name ?? shortPeer(peer_id)
}
