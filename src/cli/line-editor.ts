/**
 * Lines that somebody types while others talk: on a terminal an editor with its history, whose line stays whole when
 * something is printed above it; in a pipe the lines as they come.
 */
import { createInterface } from 'node:readline'

export interface LineEditor extends AsyncIterable<string> {
  /** Writes lines above the one that is being typed. */
  print(text: string): void
  close(): void
}

export function createLineEditor(
  input: NodeJS.ReadStream,
  output: NodeJS.WriteStream,
  prompt: string
): LineEditor {
  const isTerminal = input.isTTY && output.isTTY
  const editor = createInterface({
    input,
    ...(isTerminal ? { output, prompt, terminal: true, historySize: 100 } : {})
  })
  if (isTerminal) editor.prompt()
  return {
    [Symbol.asyncIterator]: async function* lines() {
      for await (const line of editor) {
        yield line
        if (isTerminal) editor.prompt()
      }
    },
    print: (text) => {
      // To the beginning of the line, and rid of what stands there: `prompt(true)` writes it anew below.
      output.write(isTerminal ? `\r\u001b[2K${text}\n` : `${text}\n`)
      if (isTerminal) editor.prompt(true)
    },
    close: () => editor.close()
  }
}
