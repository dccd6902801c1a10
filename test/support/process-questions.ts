/** Questions of one process to another that it has started, over the channel between them. */
import { messageOf } from '../../src/core/errors.ts'
import type { ChildProcess } from 'node:child_process'

interface Question {
  id: number
  name: string
  argument: unknown
}

type Reply = { id: number; value: unknown } | { id: number; failure: string }

/** By name; whoever asks knows the types. */
export type Answers = Readonly<Record<string, (argument: never) => unknown>>

/** The asking side of one such channel. */
export class Asker {
  readonly #child: ChildProcess
  readonly #name: string
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  #nextId = 1

  constructor(child: ChildProcess, name: string) {
    this.#child = child
    this.#name = name
    child.on('message', (reply: Reply) => this.#onReply(reply))
    child.on('exit', (code, signal) => this.#failAll(`${name} ended with ${code ?? signal}`))
  }

  /** Rejects with what the other side threw, or when it is gone. */
  ask<T>(name: string, argument: unknown = null): Promise<T> {
    const id = this.#nextId
    this.#nextId += 1
    const waiting = Promise.withResolvers<unknown>()
    this.#waiting.set(id, waiting)
    const question: Question = { id, name, argument }
    this.#child.send(question, (error) => {
      if (error !== null) this.#take(id)?.reject(error)
    })
    return waiting.promise as Promise<T>
  }

  #onReply(reply: Reply): void {
    const waiting = this.#take(reply.id)
    if ('failure' in reply) waiting?.reject(new Error(`${this.#name}: ${reply.failure}`))
    else waiting?.resolve(reply.value)
  }

  #failAll(why: string): void {
    for (const id of this.#waiting.keys()) this.#take(id)?.reject(new Error(why))
  }

  #take(id: number): PromiseWithResolvers<unknown> | undefined {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    return waiting
  }
}

/** Answers the process that has started this one. */
export function answerQuestions(answers: Answers): void {
  process.on('message', (question: Question) => void answer(answers, question))
}

async function answer(answers: Answers, question: Question): Promise<void> {
  const { argument, id, name } = question
  try {
    const work = answers[name]
    if (work === undefined) throw new Error(`nobody here answers "${name}"`)
    const value = await work(argument as never)
    send({ id, value: value ?? null })
  } catch (cause) {
    send({ id, failure: cause instanceof Error ? (cause.stack ?? '') : messageOf(cause) })
  }
}

function send(reply: Reply): void {
  process.send?.(reply)
}
