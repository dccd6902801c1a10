/** The workers of a router's job engine: how they are found, who could take a task, and how they are shown. */
import { Directory } from '../discovery/directory.ts'
import { Finder } from '../discovery/finder.ts'
import { NodeViews } from '../discovery/node-views.ts'
import { resolveWeights } from '../selection/weights.ts'
import type { DirectoryComponents } from '../discovery/directory.ts'
import type { JobGround } from './job-ground.ts'
import type { NodeCore } from './node-core.ts'
import type { RouterFiles } from './router-files.ts'
import type { RouterSettings } from '../config/settings.ts'

export interface JobWorkers {
  source: Directory
  finder: Finder
  nodes: NodeViews
}

export interface JobWorkersParts extends Pick<JobGround, 'events' | 'reputation'> {
  files: RouterFiles
  /** Some worker has room again. */
  onRoom: () => void
}

export function createJobWorkers(
  core: NodeCore,
  { namespace, preset, weights }: RouterSettings,
  { events, files, onRoom, reputation }: JobWorkersParts
): JobWorkers {
  const standingOf = reputation.of.bind(reputation)
  const onNode: DirectoryComponents['onNode'] = (change) => {
    events.publish(change)
    files.onNode(change)
  }
  const source = new Directory({ ...core, standingOf, onRoom, onNode }, { namespace })
  const onFound = source.onFound.bind(source)
  const onAlive = source.onAlive.bind(source)
  const finder = new Finder({ ...core, onAlive, onFound }, { namespace })
  const defaults = { preset, weights }
  const nodes = new NodeViews({
    access: core.access,
    directory: source,
    namespace,
    clock: core.clock,
    tracker: core.tracker,
    files: files.catalogue,
    standingOf,
    weights: resolveWeights({ route: NO_ROUTE, defaults }).weights
  })
  return { source, finder, nodes }
}

/** Of a job that says nothing about its route. */
const NO_ROUTE = { preset: undefined, weights: undefined, pickCount: 1 }
