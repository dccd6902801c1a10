/**
 * Which requests for resources an engine holds its tasks to: said by each worker of each of its engines,
 * and asked for by conditions such as `exists enforces.memory`.
 */

export const RESOURCES = ['cpu', 'memory', 'disk', 'gpu'] as const
export type Resource = (typeof RESOURCES)[number]

/** What a worker says of one engine and resource, where it holds it. */
export const ENFORCED = 'yes'

const PREFIX = 'enforces.'

/** `enforces.memory`, of the task's own engine, or `enforces.process.memory`. */
export function isEnforcementKey(key: string): boolean {
  return key.startsWith(PREFIX)
}

export function enforcementKey(engine: string, resource: string): string {
  return `${PREFIX}${engine}.${resource}`
}

/** @returns undefined where the key names an engine already */
export function enforcedResource(key: string): string | undefined {
  const rest = key.slice(PREFIX.length)
  return isEnforcementKey(key) && !rest.includes('.') ? rest : undefined
}
