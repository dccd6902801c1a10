/** The tasks of the files suite as shell scripts, for engines that run programs. */
import type { FilesSubject } from './executor-files-suite.ts'
import type { TaskDocument } from '../../src/model/job.ts'

type Scripts = Omit<Required<FilesSubject>, 'executor' | 'keepsInputs'>

/** All that could change a file, its name or its folder; then what is there. */
const TAMPER = `exec 2>/dev/null
(echo spoiled >"$1"); (echo spoiled >>"$1")
echo spoiled >mine
ln "$1" hard && echo spoiled >hard
rm -f "$1"
ln -s mine "$1"
(echo spoiled >"$1.new")
chmod 777 "$1"; mv -f "$1" moved; mv -f mine "$1"
exec 2>&1
cat "$1"`
const COPY = `while [ "$#" -gt 0 ]; do mkdir -p "$(dirname "$2")" && cat "$1" >"$2" || exit 1; shift 2; done`

export function fileScripts(taskOf: (argv: [string, ...string[]]) => TaskDocument): Scripts {
  const shell = (script: string, ...words: string[]): TaskDocument =>
    taskOf(['sh', '-c', script, 'sh', ...words])
  return {
    reading: (path) => shell('cat "$1"', path),
    textOf: (output) => (JSON.parse(output) as { stdout: string }).stdout,
    missing: (path) => shell('[ ! -e "$1" ]', path),
    measuring: (path) => shell('printf %s "$(($(wc -c <"$1")))"', path),
    tampering: (path) => shell(TAMPER, path),
    copying: (...pairs) => shell(COPY, ...pairs.flat()),
    copyingAndFailing: (from, to) => shell('cat "$1" >"$2"; exit 3', from, to)
  }
}
