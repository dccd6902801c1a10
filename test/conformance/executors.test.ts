/** All engines against the one suite. */
import { BuiltinExecutor } from '../../src/executors/builtin-executor.ts'
import { JavascriptExecutor } from '../../src/executors/javascript-executor.ts'
import { runExecutorSuite } from './executor-suite.ts'
import { systemClock } from '../../src/core/clock.ts'

runExecutorSuite('builtin', () => ({
  executor: new BuiltinExecutor({ clock: systemClock }),
  slotCount: 8,
  numbered: (number) => ({ engine: 'builtin', name: 'echo', args: { number } }),
  failing: { task: { engine: 'builtin', name: 'sha256', args: {} }, code: 'FIELD_MISSING' },
  endless: { engine: 'builtin', name: 'sleep', args: { ms: 600_000 } }
}))

runExecutorSuite('javascript', () => ({
  executor: new JavascriptExecutor({ clock: systemClock }, { size: 3, warmCount: 1 }),
  slotCount: 3,
  numbered: (number) => ({
    engine: 'javascript',
    source: 'function main (number) { return { number } }',
    input: number
  }),
  failing: {
    task: { engine: 'javascript', source: 'function main () { throw new Error("no") }' },
    code: 'TASK_FAILED'
  },
  endless: {
    engine: 'javascript',
    source: 'function main () { progress(0.5, "half"); for (;;); }'
  },
  counting: {
    engine: 'javascript',
    source: `function main () {
      for (let i = 0; i < 100; i += 1) (i % 2 === 0 ? console.log : console.error)(i)
      for (;;);
    }`
  },
  chatty: {
    engine: 'javascript',
    source: 'function main () { for (let i = 0; i < 20_000; i += 1) console.log("line", i) }'
  },
  flooding: { engine: 'javascript', source: 'function main () { return "x".repeat(5e6) }' }
}))
