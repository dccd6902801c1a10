/** The process side of a bench: answers what the bench asks over IPC, and ends with it. */
import { readFileSync } from 'node:fs'
import { answerQuestions } from '../../support/process-questions.ts'
import type { Answers } from '../../support/process-questions.ts'

/** What the bench handed to this process when it started it. */
export function readInit(): unknown {
  return JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as unknown
}

/** Answers questions until the bench is gone, then stops. `cpu` and `peakRss` are answered by every process. */
export function answerParent(answers: Answers, stop = async (): Promise<void> => {}): void {
  const all: Answers = { cpu: cpuUs, peakRss: peakRssBytes, ready: () => null, ...answers }
  answerQuestions(all)
  process.on('disconnect', () => void stop().finally(() => process.exit(0)))
}

/** Since the process began; the system counts it in KiB. */
function peakRssBytes(): number {
  return process.resourceUsage().maxRSS * 1_024
}

function cpuUs(): number {
  const { system, user } = process.cpuUsage()
  return system + user
}
