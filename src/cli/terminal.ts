/** What a command may touch of the process around it, as one object, so that tests can stand in for it. */
import { once } from 'node:events'
import { createLineEditor } from './line-editor.ts'
import type { LineEditor } from './line-editor.ts'

export interface TextSink {
  write(content: string | Uint8Array): void
  /** Resolves when whoever reads has taken enough of what was written that more may come. */
  drained(): Promise<void>
  readonly isTTY: boolean
  /** Letters per line; 80 when it is no terminal, or one that does not know. */
  readonly columns: number
}

export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Data. */
  readonly stdout: TextSink
  /** Logs, progress and errors. */
  readonly stderr: TextSink
  /** All of stdin. */
  readStdin(): Promise<Buffer>
  /** Its lines as they come, for those who write in between. */
  editLines(prompt: string): LineEditor
  /** Aborted by Ctrl-C, by SIGTERM, and when the process that started this one has gone. */
  readonly signal: AbortSignal
}

const COLUMNS_DEFAULT = 80

export function processTerminal(env: Terminal['env'], signal: AbortSignal): Terminal {
  return {
    env,
    stdout: sinkOf(process.stdout),
    stderr: sinkOf(process.stderr),
    signal,
    editLines: (prompt) => createLineEditor(process.stdin, process.stdout, prompt),
    readStdin: async () => {
      const chunks: Buffer[] = []
      for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
      return Buffer.concat(chunks)
    }
  }
}

function sinkOf(stream: NodeJS.WriteStream): TextSink {
  return {
    write: (content) => void stream.write(content),
    drained: async () => {
      if (stream.writableNeedDrain) await once(stream, 'drain')
    },
    get isTTY() {
      // Undefined, whatever its type says, when it is none.
      return stream.isTTY ?? false
    },
    get columns() {
      return stream.columns > 0 ? stream.columns : COLUMNS_DEFAULT
    }
  }
}
