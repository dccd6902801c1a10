/** What a router says of why tasks went elsewhere, and how seldom it looks that up however often it is asked. */
import { expect, test, vi } from 'vitest'
import { IdleReasons } from '../../../src/selection/idle-reasons.ts'
import { IdleSurvey } from '../../../src/discovery/idle-survey.ts'
import { buildCandidate, buildCircumstances, buildRequest } from '../../support/build-candidate.ts'
import { selectWorker } from '../../../src/selection/select.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import type { IdleSurveyComponents } from '../../../src/discovery/idle-survey.ts'

test('a flood of questions about all workers has them looked through once a second', () => {
  const idleReasons = new IdleReasons()
  const workers = [buildCandidate({ peerId: 'a' }), buildCandidate({ peerId: 'b' })]
  let nowMs = 1_800_000_000_000
  const decide = (): void => {
    idleReasons.note(selectWorker(buildRequest(), workers, buildCircumstances()), nowMs)
  }
  const components: Partial<IdleSurveyComponents> = {
    logger: silentLogger,
    idleReasons,
    nowMs: () => nowMs,
    isWorker: () => true
  }
  const survey = new IdleSurvey(components as IdleSurveyComponents, {
    namespace: 'test',
    trustedRouters: []
  })
  const looksAt = (params: { since_ms?: number } = {}): number[] =>
    survey.own(params).workers.map(({ looks }) => looks)
  decide()
  const look = vi.spyOn(idleReasons, 'of')
  for (let asked = 0; asked < 1_000; asked += 1) {
    expect(looksAt()).toEqual([1, 1])
    // Whatever span is named: counts are kept by five minutes.
    looksAt({ since_ms: asked * 3_600 })
  }
  expect(look.mock.calls.length).toBeLessThanOrEqual(13 * workers.length)
  decide()
  nowMs += 1_000
  expect(looksAt()).toEqual([2, 2])
  // Of one worker it is told at once.
  decide()
  expect(survey.own({ peer: 'a' }).workers).toMatchObject([{ looks: 3 }])
})
