/** The live check: eight real workers of unequal speed, one of them a cheat; who did how much, and who was found out. */
import { renderGrid } from '../../src/cli/render.ts'
import { runLive } from './live-mesh.ts'
import type { LiveResult, LiveShare } from './live-mesh.ts'
import type { Simulation } from './simulation.ts'

export const liveSimulation: Simulation = {
  name: 'live',
  run: async ({ say }) => {
    say('starting a bootstrap, a router and eight workers\n')
    const result = await runLive()
    const { shares } = result
    return { data: shares, text: renderLive(result), missed: missedOf(result) }
  }
}

export function renderLive({ job, shares, tookMs, wrongItems }: LiveResult): string {
  const head = ['worker', 'a task takes', 'slots', 'capacity', 'tasks', 'share', 'right', 'wrong']
  const rows = shares.map(
    ({ capacityShare, isCheat, name, slots, taskCount, taskMs, ...share }) => {
      const { counts, reputation, state } = share.view
      return [
        name,
        isCheat ? 'no time' : `${taskMs} ms`,
        String(slots),
        percent(capacityShare),
        String(taskCount),
        percent(share.taskShare),
        String(counts.right),
        String(counts.wrong),
        reputation.toFixed(3),
        state
      ]
    }
  )
  const grid = renderGrid(rows, {
    head: [...head, 'reputation', 'state'],
    aligns: ['left', ...Array.from({ length: 8 }, () => 'right' as const), 'left']
  })
  const { counts, item_count: itemCount } = job
  return `live, on this machine: ${counts.completed} of ${itemCount} items in ${(tookMs / 1_000).toFixed(1)} s, ${wrongItems.length} of them wrong\n${grid}`
}

/** What holds on every machine, however busy it is. */
export function missedOf({ job, shares, wrongItems }: LiveResult): string[] {
  const honest = shares.filter(({ isCheat }) => !isCheat)
  const caught = shares.filter(({ view }) => view.state === 'quarantined')
  const third = Math.floor(honest.length / 3)
  const [fast, slow] = [tasksOf(honest.slice(0, third)), tasksOf(honest.slice(-third))]
  const missed: [boolean, string][] = [
    [job.state === 'completed', `the job is ${job.state}`],
    [wrongItems.length === 0, `wrong results were believed: ${wrongItems.join(', ')}`],
    [
      caught.length === 1 && caught[0]?.isCheat === true,
      `quarantined are ${caught.map(({ name }) => name).join(', ') || 'none'}, not the cheat`
    ],
    [
      honest.every(({ view }) => view.counts.wrong === 0),
      'an honest worker has a wrong result to its name'
    ],
    [fast > slow, `the fastest did ${fast} tasks, the slowest ${slow}`],
    [honest.every(({ taskCount }) => taskCount > 0), 'an honest worker got nothing']
  ]
  return missed.filter(([isMet]) => !isMet).map(([, what]) => what)
}

function tasksOf(shares: readonly LiveShare[]): number {
  return shares.reduce((total, { taskCount }) => total + taskCount, 0)
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}
