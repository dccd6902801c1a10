/**
 * Finds what the manual has people type. Each fenced block says after its language what becomes of it; readers see
 * nothing of that:
 *
 * - `sh run`: run by bash, as it stands; must end with code 0 (`fails=3`: with that one)
 * - `sh run background`: each command in a terminal of its own, where it may stay up; the next one begins when it says
 *   that it is ready (`ready=TEXT`: when it says that; `ready=`: at once), or has ended well
 * - `sh usage`: a synopsis, with words that nobody types
 * - `sh elsewhere WHY`: nothing that can be run here, and why
 * - `json file=job.json`, `ts file=worker.ts`, …: becomes that file
 *
 * `host=server1` has any of them happen on that machine. Comments say the rest:
 *
 * - `<!-- machines: server1=203.0.113.10 laptop=192.168.1.5 -->`: the machines of the page and their addresses
 * - `<!-- run: LINE -->`, `<!-- run host=server1 fails=1: LINE -->`: as a block, which isn't shown
 * - `<!-- let TOKEN: LINE -->`: wherever the page says `TOKEN` from there on, what this line prints is meant
 *
 * What was printed last is in the file `$said`; `peer` is the node that it says is ready, `short` the end of that, `job` the job. `eventually COMMAND` tries until it succeeds, `quit ROLE`
 * stops the node of that role that this machine has started last, and has it gone.
 */

export interface Snippet {
  /** Of the fence, or of the comment. */
  readonly line: number
  readonly language: string
  readonly words: readonly string[]
  readonly text: string
}

/** Comments have languages of their own. */
export const LET = '<!-- let'
const MACHINES = '<!-- machines'

/** A fence is as long as what it encloses needs. */
const FENCE = /^( *)(`{3,})([^\s`]*) *([^`]*)$/
const COMMENT = /^ *(<!-- (?:run|let|machines))((?: [^\s:]\S*?)*): (.*) -->$/

export function readSnippets(markdown: string): Snippet[] {
  const found: Snippet[] = []
  let open: { fence: string; indent: string; snippet: Snippet; body: string[] } | undefined
  for (const [index, line] of markdown.split('\n').entries()) {
    if (open === undefined) {
      const hidden = readComment(line, index + 1)
      if (hidden !== undefined) found.push(hidden)
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

function readComment(text: string, line: number): Snippet | undefined {
  const [, kind = '', said = '', rest = ''] = COMMENT.exec(text) ?? []
  if (kind === '') return undefined
  const words = said.split(' ').filter(Boolean)
  if (kind === '<!-- run') return { line, language: 'sh', words: ['run', ...words], text: rest }
  return { line, language: kind, words, text: rest }
}

const LANGUAGES_OF_SHELLS: ReadonlySet<string> = new Set(['sh', 'bash', 'console'])

export function isShell({ language }: Snippet): boolean {
  return LANGUAGES_OF_SHELLS.has(language)
}

export function isRun({ words }: Snippet): boolean {
  return words.includes('run')
}

/** Why a block can't be run. */
export function reasonOf({ words }: Snippet): string {
  return words.includes('elsewhere') ? words.slice(words.indexOf('elsewhere') + 1).join(' ') : ''
}

/** The value of `name=value` among a block's words. */
export function valueOf({ words }: Snippet, name: string): string | undefined {
  return words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1)
}

/** The addresses of a page's machines, by their names. */
export function addressesIn(snippets: readonly Snippet[]): ReadonlyMap<string, string> {
  const declared = snippets.filter(({ language }) => language === MACHINES)
  const words = declared.flatMap(({ text }) => text.split(' '))
  return new Map(words.map((word) => word.split('=') as [string, string]))
}

/** The commands of a block, each as one line. */
export function commandsOf({ text }: Snippet): string[] {
  const joined = text.replaceAll(/\\\n */g, '')
  return joined.split('\n').filter((row) => row.trim() !== '' && !/^ *#/.test(row))
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
