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
