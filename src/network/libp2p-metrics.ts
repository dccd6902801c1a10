/** What libp2p counts of itself, kept with the rest of a node's metrics. It costs a little for each message, so only who asks has it. */
import type { Metric, Registry } from 'prom-client'
import type { MeshNodeInit } from './libp2p-options.ts'

export async function libp2pMetrics(
  registry: Registry
): Promise<NonNullable<MeshNodeInit['metrics']>> {
  const [{ prometheusMetrics }, { register }] = await Promise.all([
    import('@libp2p/prometheus-metrics'),
    import('prom-client')
  ])
  const create = prometheusMetrics({ registry, collectDefaultMetrics: false })
  return (components) => {
    // It takes the process for its own, and with it the metrics of the program that we may be a part of.
    const others = register.getMetricsAsArray() as unknown as Metric[]
    const metrics = create(components)
    for (const metric of others) register.registerMetric(metric)
    return metrics
  }
}
