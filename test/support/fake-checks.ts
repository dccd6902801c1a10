/** Checks of results that answer as the test says; by default they believe whatever comes first. */
import { deferred } from '../../src/core/abort.ts'
import type { CheckAnswer, CheckQuestion, ResultChecks } from '../../src/dispatch/ports.ts'

export class FakeChecks implements ResultChecks {
  /** What was asked, oldest first. */
  readonly asked: CheckQuestion[] = []
  answer: (question: CheckQuestion) => CheckAnswer | Promise<CheckAnswer> = acceptFirst
  /** By worker. */
  groups: Record<string, string[]> = {}

  async review(question: CheckQuestion): Promise<CheckAnswer> {
    this.asked.push(question)
    return await this.answer(question)
  }

  groupsOf(workerId: string): readonly string[] {
    return this.groups[workerId] ?? []
  }

  /** Lets the next answers wait until the test gives them. @returns what gives one */
  hold(): (answer: CheckAnswer) => void {
    const { promise, resolve } = deferred<CheckAnswer>()
    this.answer = () => promise
    return resolve
  }
}

/** The first result, with all that are equal to it. */
export function acceptFirst({ results }: CheckQuestion): CheckAnswer {
  const [first] = results
  const same = results.filter(({ output }) => output === first?.output)
  const others = results.filter((result) => !same.includes(result))
  return {
    kind: 'accept',
    attempt: first?.attempt ?? 0,
    right: same.map(({ attempt }) => attempt),
    wrong: others.map(({ attempt }) => attempt),
    verified: { by: 'agreement', copies: results.length, agreed: same.length }
  }
}
