/** What a task writes, as it writes it: searched, copied, saved, and all of it where that is kept as a file. */
import { useState } from 'preact/hooks'
import { CopyButton } from '../parts/clipboard.tsx'
import { Empty, Failure } from '../parts/situations.tsx'
import { LogText } from './log-text.tsx'
import { SAVED_BYTES_MAX } from '../files/file-actions.tsx'
import { SaveButton } from '../parts/save.tsx'
import { WhichForm, useWhich, whichQuery } from './which-attempt.tsx'
import { Link } from 'wouter-preact'
import { findLines } from './log-search.ts'
import { formatBytes } from '../data/formats.ts'
import { hasEnded } from '../parts/states.ts'
import { stripAnsi } from './ansi.ts'
import { useLog } from './use-log.ts'
import type { JSX } from 'preact'
import type { JobTabProps } from './job-tab.ts'
import type { JobView } from '../../model/generated/api-job.ts'
import type { LiveLog } from './use-log.ts'
import type { LogLine } from './log-book.ts'
import type { Which } from './which-attempt.tsx'

type StreamChoice = '' | 'out' | 'err'

export function LogsTab({ job }: JobTabProps): JSX.Element {
  const which = useWhich(job)
  if (which.attempts.length > 0) return <AttemptLog job={job} which={which} />
  return (
    <Empty icon="queued" title={hasEnded(job) ? 'Nothing was tried' : 'Nothing was tried yet'}>
      <p>{job.waiting_for ?? 'What its tasks write is shown here as they write it.'}</p>
    </Empty>
  )
}

function AttemptLog({ job, which }: { job: JobView; which: Which }): JSX.Element {
  const [only, setOnly] = useState<StreamChoice>('')
  const [search, setSearch] = useState('')
  const [isWrapped, setWrapped] = useState(true)
  const log = useLog(job.id, {
    ...whichQuery(job, which),
    ...(only === '' ? {} : { stream: only })
  })
  return (
    <div class="stack">
      <div class="row log-tools">
        <WhichForm job={job} tab="logs" which={which} />
        <select
          class="input"
          aria-label="Stream"
          value={only}
          onChange={({ currentTarget }) => setOnly(currentTarget.value as StreamChoice)}
        >
          <option value="">both streams</option>
          <option value="out">standard output</option>
          <option value="err">standard error</option>
        </select>
        <input
          class="input"
          type="search"
          aria-label="Search the log"
          placeholder="Search"
          value={search}
          onInput={({ currentTarget }) => setSearch(currentTarget.value)}
        />
        <button
          type="button"
          class="button small"
          aria-pressed={isWrapped}
          onClick={() => setWrapped(!isWrapped)}
        >
          Wrap
        </button>
        <CopyButton
          label="Copy the lines that are shown"
          value={() => textOf(findLines(log.book.lines, search))}
        />
        <SaveButton
          name={`${job.id}-${log.attempt ?? 1}.log`}
          value={() => textOf(log.book.lines)}
        />
      </div>
      {log.cause !== undefined && <Failure cause={log.cause} />}
      <LogText {...{ log, search, isWrapped }} onSearchEnd={() => setSearch('')}>
        <WholeLog log={log} />
      </LogText>
    </div>
  )
}

/** What the router keeps of a log has a bound; the worker keeps a longer one as a file. */
function WholeLog({ log }: { log: LiveLog }): JSX.Element | null {
  const { file, isWhole } = log
  if (file === undefined) return null
  return (
    <>
      {!isWhole && file.size <= SAVED_BYTES_MAX && (
        <button type="button" class="link-button" onClick={log.readWhole}>
          Show all of it, {formatBytes(file.size)}
        </button>
      )}
      <Link href={`/files/${file.file}`}>Its file</Link>
    </>
  )
}

function textOf(lines: readonly LogLine[]): string {
  return lines.map(({ text }) => stripAnsi(text)).join('\n')
}
