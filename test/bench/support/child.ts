/** The process side of a bench: answers what the bench asks over IPC, and ends with it. */
import { readFileSync } from 'node:fs'
import { messageOf } from '../../../src/core/errors.ts'

export interface Question {
  id: number
  name: string
  argument: unknown
}

export type Reply = { id: number; value: unknown } | { id: number; failure: string }

/** By name; the bench that asks knows the types. */
export type Answers = Readonly<Record<string, (argument: never) => unknown>>

/** What the bench handed to this process when it started it. */
export function readInit(): unknown {
  return JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as unknown
}

/** Answers questions until the bench is gone, then stops. `cpu` and `peakRss` are answered by every process. */
export function answerParent(answers: Answers, stop = async (): Promise<void> => {}): void {
  const all: Answers = { cpu: cpuUs, peakRss: peakRssBytes, ready: () => null, ...answers }
  process.on('message', (question: Question) => void answer(all, question))
  process.on('disconnect', () => void stop().finally(() => process.exit(0)))
}

async function answer(answers: Answers, question: Question): Promise<void> {
  const { argument, id, name } = question
  try {
    const value = await answers[name]?.(argument as never)
    send({ id, value: value ?? null })
  } catch (cause) {
    send({ id, failure: cause instanceof Error ? (cause.stack ?? '') : messageOf(cause) })
  }
}

function send(reply: Reply): void {
  process.send?.(reply)
}

/** Since the process began; the system counts it in KiB. */
function peakRssBytes(): number {
  return process.resourceUsage().maxRSS * 1_024
}

function cpuUs(): number {
  const { system, user } = process.cpuUsage()
  return system + user
}
