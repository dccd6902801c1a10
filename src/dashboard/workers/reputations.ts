/**
 * What the router has seen of its workers, for tables and alerts: read when a page first needs it, and again when the live stream tells that
 * evidence was added. It tells of reputation itself, but of neither interval nor quarantine.
 */
import { effect, signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { apiBase, isMonitor, router } from '../data/session.ts'
import { getRows } from '../data/api.ts'
import { nodes } from '../data/live.ts'
import type { ReadonlySignal } from '@preact/signals'
import type { ReputationView } from '../../model/generated/api-reputation.ts'

const known = signal<ReadonlyMap<string, ReputationView>>(new Map())

/** By PeerId. */
export const reputations: ReadonlySignal<ReadonlyMap<string, ReputationView>> = known

/** A busy mesh adds evidence all the time; the score itself is live. */
const READ_EVERY_MS = 15_000
/** As many as a page of the API has. */
const ROWS = 1_000

/** Keeps them as they are now, as long as the page is shown. */
export function useReputations(): ReadonlySignal<ReadonlyMap<string, ReputationView>> {
  useEffect(() => {
    const controller = new AbortController()
    const stop = effect(() => {
      // A monitor has seen nobody at work.
      if (isMonitor.value && router.value === undefined) return
      return keep(apiBase.value, controller.signal)
    })
    return () => {
      controller.abort()
      stop()
    }
  }, [])
  return reputations
}

/** @returns what ends it */
function keep(_base: string, ended: AbortSignal): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let counted = -1
  const read = async (): Promise<void> => {
    try {
      const { rows } = await getRows<ReputationView>('/reputation', {
        query: { limit: ROWS },
        signal: ended
      })
      known.value = new Map(rows.map((row) => [row.peer_id, row]))
    } catch {
      // The tables go without intervals; whoever opens a worker is told why.
    }
    timer = setTimeout(() => (timer = undefined), READ_EVERY_MS)
  }
  const stop = effect(() => {
    const evidence = [...nodes.value.values()].reduce((sum, node) => sum + node.evidence, 0)
    if (evidence === counted || timer !== undefined) return
    counted = evidence
    void read()
  })
  return () => {
    stop()
    clearTimeout(timer)
  }
}
