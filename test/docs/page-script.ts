/**
 * One page of the manual as one bash script: its blocks in their order, what stays up in the background, and all of it
 * ended with the page. It runs in a network of its own, so that the ports which the manual names are free.
 */
import { isRun, valueOf } from './snippets.ts'
import type { Snippet } from './snippets.ts'

const READY = ' ready at '

/** Which block is at work is told in these lines. */
export const AT_LINE = '@@ line '

const PRELUDE = `
set -uo pipefail
ip link set lo up 2>/dev/null || ifconfig lo up
started=()
# Jobs of this shell alone, each with what it has started.
finish() {
  for pid in "\${started[@]}"; do kill -TERM -- "-$pid" 2>/dev/null; done
  for pid in "\${started[@]}"; do wait "$pid" 2>/dev/null; done
}
trap finish EXIT
# Another process group, so that npx and what it runs end together.
set -m
until_ready() {
  until grep -qF -- "$2" "$3"; do
    if ! kill -0 "$1" 2>/dev/null; then echo "ended before it was ready:"; cat "$3"; exit 1; fi
    sleep 0.1
  done
}
`

export function pageScript(snippets: readonly Snippet[]): string {
  return [PRELUDE, ...snippets.map((snippet, index) => blockScript(snippet, index))].join('\n')
}

function blockScript(snippet: Snippet, index: number): string {
  const file = valueOf(snippet, 'file')
  const at = `echo '${AT_LINE}${snippet.line}'`
  if (file !== undefined) {
    return `${at}\nmkdir -p "$(dirname '${file}')"\ncat > '${file}' <<'@@'\n${snippet.text}\n@@\n`
  }
  if (!isRun(snippet)) return ''
  if (!snippet.words.includes('background')) {
    const code = valueOf(snippet, 'fails') ?? '0'
    // Not in a subshell: what a block sets, the next one finds.
    return `${at}\nset -e\n${code === '0' ? snippet.text : failing(snippet.text, code)}\nset +e\n`
  }
  const log = `.log-${index}`
  const ready = valueOf(snippet, 'ready') ?? READY
  return [
    at,
    `( ${snippet.text}\n) > ${log} 2>&1 &`,
    `started+=($!)`,
    `until_ready $! ${quoted(ready)} ${log}\n`
  ].join('\n')
}

function failing(text: string, code: string): string {
  return `set +e\n( ${text}\n)\n[ $? = ${code} ] || { echo "this was to end with code ${code}"; exit 1; }`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
