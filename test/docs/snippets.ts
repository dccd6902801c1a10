/**
 * Finds what the manual has people type. A fenced block says after its language what becomes of it; readers see
 * nothing of that:
 *
 * - `sh run`: run by bash, as it stands, in the page's own folder; must end with code 0 (`fails=3`: with that one)
 * - `sh run background`: stays up; what comes next waits for its ready line (`ready=TEXT`: for that text)
 * - `json file=job.json`, `js file=job.js`, …: becomes that file in the page's folder
 *
 * and `<!-- run: LINE -->` is run without being shown. Blocks without such a word are only read: their commands must
 * exist, with the flags that they name.
 */

export interface Snippet {
  /** Of the fence, or of the comment. */
  readonly line: number
  readonly language: string
  readonly words: readonly string[]
  readonly text: string
}

/** A fence is as long as what it encloses needs. */
const FENCE = /^( *)(`{3,})([^\s`]*) *([^`]*)$/
const HIDDEN = /^<!-- run: (.*) -->$/

export function readSnippets(markdown: string): Snippet[] {
  const found: Snippet[] = []
  let open: { fence: string; indent: string; snippet: Snippet; body: string[] } | undefined
  for (const [index, line] of markdown.split('\n').entries()) {
    if (open === undefined) {
      const hidden = HIDDEN.exec(line)?.[1]
      if (hidden !== undefined) {
        found.push({ line: index + 1, language: 'sh', words: ['run'], text: hidden })
      }
      const [, indent = '', fence = '', language = '', words = ''] = FENCE.exec(line) ?? []
      if (fence === '') continue
      const snippet = {
        line: index + 1,
        language,
        words: words.split(' ').filter(Boolean),
        text: ''
      }
      open = { fence, indent, snippet, body: [] }
    } else if (line.trim() === open.fence) {
      found.push({ ...open.snippet, text: open.body.join('\n') })
      open = undefined
    } else {
      open.body.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line)
    }
  }
  return found
}

export function isRun({ words }: Snippet): boolean {
  return words.includes('run')
}

/** The value of `name=value` among a block's words. */
export function valueOf({ words }: Snippet, name: string): string | undefined {
  return words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1)
}

/** A call of taskmesh in a shell block, as far as it can be read without running it. */
export interface Call {
  readonly line: number
  /** What stands after `taskmesh`. */
  readonly words: readonly string[]
}

const BEGINS = /(?:^|[|;&(]|&&|\$\() *(?:[A-Z_]+=\S* +)*(?:sudo +)?(?:npx +)?taskmesh +(.*)$/
/** What ends a simple command; what a shell would put in its place is one word. */
const WORD = /(?:"\$\([^)]*\)"|"(?:[^"\\]|\\.)*"|'[^']*'|[^\s"'|;&<>()#])+|[|;&<>()#]/g

export function callsOf({ line, text }: Snippet): Call[] {
  // What may be left out stands in brackets.
  const joined = text.replaceAll(/\\\n */g, '').replaceAll(/[[\]]/g, '')
  return joined.split('\n').flatMap((row, index) => {
    const rest = /^ *#/.test(row) ? undefined : BEGINS.exec(row)?.[1]
    if (rest === undefined) return []
    const words: string[] = []
    for (const [word] of rest.matchAll(WORD)) {
      if (/^[|;&<>()#]$/.test(word)) break
      words.push(word.replaceAll(/^["']|["']$/g, '').replace(/=["']/, '='))
    }
    return [{ line: line + 1 + index, words }]
  })
}
