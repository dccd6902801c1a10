/** Documents to begin with. Each is a whole job. */

export interface JobExample {
  name: string
  document: object
}

export const EXAMPLES: readonly JobExample[] = [
  {
    name: 'one task',
    document: {
      name: 'hello',
      task: {
        engine: 'javascript',
        source: 'function main (name) { return `hello ${name}` }',
        input: 'mesh'
      }
    }
  },
  {
    name: 'many items',
    document: {
      name: 'squares',
      task: { engine: 'javascript', source: 'function main (n) { return n * n }' },
      each: [
        { id: 'two', input: 2 },
        { id: 'three', input: 3 },
        { id: 'four', input: 4 }
      ]
    }
  },
  {
    name: 'built in',
    document: {
      name: 'nap',
      task: { engine: 'builtin', name: 'sleep', args: { ms: 2_000 } }
    }
  }
]
