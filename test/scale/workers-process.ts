/** A process that is many light workers, started a few at a time. It ends with whoever has started it. */
import { HostMonitor } from '../../src/host/host-monitor.ts'
import { answerQuestions } from '../support/process-questions.ts'
import { beginMetering, readFigures } from './meter.ts'
import { inLanes } from '../../src/core/lanes.ts'
import { silentLogger } from '../../src/observe/logger.ts'
import { startLightWorker } from './light-worker.ts'
import { systemClock } from '../../src/core/clock.ts'
import type { LightWorkerInit } from './light-worker.ts'
import type { MeshNode } from '../../src/network/mesh-node.ts'

export interface WorkersInit extends Omit<LightWorkerInit, 'host' | 'index'> {
  /** Of the first. */
  index: number
  count: number
}

/** Handshakes keep a processor busy; what is begun with all others at once is over with the last of them. */
const STARTED_AT_ONCE = 8

const nodes: MeshNode[] = []
const host = new HostMonitor({ clock: systemClock, logger: silentLogger })

async function start({ count, index: first, ...init }: WorkersInit): Promise<void> {
  await host.start()
  const indexes = Array.from({ length: count }, (_, index) => first + index)
  await inLanes(indexes, STARTED_AT_ONCE, async (index) => {
    nodes.push(await startLightWorker({ ...init, index, host }))
  })
}

/** Of all workers here, one after the other. */
function connections(): number[] {
  return nodes.map(({ libp2p }) => libp2p.getConnections().length)
}

beginMetering()
answerQuestions({ figures: readFigures, start, connections })
process.once('disconnect', () => process.exit(0))
