/** The bodies that all designs send, so that all carry the same bytes. */

/** About 300 bytes of JSON: a small task, as it travels. */
export const TASK_TEXT = JSON.stringify({
  engine: 'builtin',
  name: 'echo',
  args: {
    customer: 'c-83920174',
    action: 'resize',
    source: 'photos/2026/11/21/IMG_20261121_101533.jpg',
    target: 'thumbnails/2026/11/21/IMG_20261121_101533_400.webp',
    width: 400,
    height: 300,
    quality: 82,
    tags: ['holiday', 'lake', 'morning'],
    notes: 'keep the aspect ratio'
  }
})

/** The job that does nothing: what is left is what the mesh itself costs. */
export const NOOP_JOB = { task: { engine: 'builtin', name: 'noop' } } as const

export const ANSWER_TEXT = '{"ok":true}'

/** A job that does nothing either, with a body of so many bytes besides, and with time to wait for its turn. */
export function jobText(bodyBytes: number): string {
  return JSON.stringify({
    task: { ...NOOP_JOB.task, args: { body: 'x'.repeat(bodyBytes) } },
    timeouts: { queue: '1d', total: '1d' }
  })
}
