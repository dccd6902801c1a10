/** A node's part in what people and programs say on topics: it carries for its neighbours, and listens to nothing itself. */
import { TopicCarrier } from '../messages/topic-carrier.ts'
import { TopicHub } from '../messages/topic-hub.ts'
import type { NodeCore } from './node-core.ts'
import type { Startable } from '../core/startable.ts'

export function createTopicCarrying(
  core: Pick<NodeCore, 'access' | 'clock' | 'node'>,
  namespace: string
): Startable[] {
  const hub = new TopicHub(core, { namespace })
  return [hub, new TopicCarrier({ ...core, hub }, { namespace })]
}
