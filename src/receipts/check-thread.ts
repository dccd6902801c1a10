/**
 * The thread that checks receipts, one after the other: what is in them is decoded, checked against its schema
 * and compared here, so that the main thread, which has all the jobs to see to, does nothing of it.
 */
import { parentPort } from 'node:worker_threads'
import { MeshError } from '../core/errors.ts'
import { assert } from '../core/assert.ts'
import { expectReceipt } from './proof.ts'
import { openReceipt, receiptBytes } from './receipt.ts'
import type { CheckAnswers, CheckRequests } from './receipt-checker.ts'
import type { Expected } from './proof.ts'

const port = parentPort
assert(port !== null, 'this file runs as a worker thread')
port.on('message', (requests: CheckRequests) => void answer(requests))

let last: Promise<void> = Promise.resolve()

/** In the order in which they came. */
async function answer(requests: CheckRequests): Promise<void> {
  const before = last
  const { promise, resolve } = Promise.withResolvers<void>()
  last = promise
  await before
  const answers: CheckAnswers = []
  for (let at = 0; at < requests.length; at += 2) {
    // oxlint-disable-next-line no-await-in-loop -- more at once would take threads from files
    answers.push(await check(requests[at] as string, requests[at + 1] as string))
  }
  port?.postMessage(answers)
  resolve()
}

async function check(receipt: string, expected: string): Promise<CheckAnswers[number]> {
  try {
    const { document } = await openReceipt(receiptBytes(receipt))
    expectReceipt(document, JSON.parse(expected) as Expected)
    return null
  } catch (cause) {
    return MeshError.from(cause).toData()
  }
}
