/**
 * What code on a thread writes to the thread's stdout and stderr (`console` does), given to the call that
 * runs there. Only a write past Node, such as `fs.writeSync(1)`, still reaches the program's own.
 */
import { StringDecoder } from 'node:string_decoder'
import type { LogEntry } from '../../model/generated/commands-execute-task.ts'

export type OutputListener = (stream: LogEntry['stream'], text: string) => void

let listener: OutputListener | undefined

/** Before the first call nobody listens, and what is written goes where it always did. */
export function captureOutput(): void {
  divert(process.stdout, 'out')
  divert(process.stderr, 'err')
}

/** @param next of the call that begins now; one runs at a time */
export function listenToOutput(next: OutputListener): void {
  listener = next
}

function divert(target: NodeJS.WriteStream, name: LogEntry['stream']): void {
  const decoder = new StringDecoder('utf8')
  const write = target.write.bind(target) as (...given: unknown[]) => boolean
  const diverted = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    if (listener === undefined) return write(chunk, ...rest)
    const text = typeof chunk === 'string' ? chunk : decoder.write(Buffer.from(chunk))
    if (text !== '') listener(name, text)
    // Encoding and callback are both optional.
    const done = rest.at(-1)
    if (typeof done === 'function') queueMicrotask(() => (done as () => void)())
    return true
  }
  target.write = diverted
}
