import { describe, expect, it } from 'vitest'
import { readContainerTask } from '../../../../src/executors/container/container-task.ts'

const image = `sha256:${'a'.repeat(64)}`

describe('a container task', () => {
  it('may leave the program to its image', () => {
    expect(readContainerTask({ engine: 'container', image }).argv).toBeUndefined()
    const { argv } = readContainerTask({ engine: 'container', image, argv: ['tool', '-x'] })
    expect(argv).toEqual(['tool', '-x'])
  })

  it('may set variables that another engine keeps from a program', () => {
    const env = { PATH: '/opt/bin', NODE_ENV: 'test', HOME: '/elsewhere' }
    expect(readContainerTask({ engine: 'container', image, env }).env).toEqual(env)
    expect(readContainerTask({ engine: 'container', image }).env).toEqual({ HOME: '/work' })
  })

  it.each([{ A: 'b\nUID=0' }, { A: 'b\rc' }, { A: 'b\0c' }, { 'A\nB': 'c' }])(
    'has no variable that would be two: %j',
    (env) => {
      expect(() => readContainerTask({ engine: 'container', image, env })).toThrow(
        expect.objectContaining({ code: 'FIELD_INVALID', blame: 'job' })
      )
    }
  )
})
