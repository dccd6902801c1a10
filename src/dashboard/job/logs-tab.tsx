/** What a task writes, as it writes it. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { Link } from 'wouter-preact'
import { Badge } from '../parts/basics.tsx'
import { Empty, Failure } from '../parts/situations.tsx'
import { Icon } from '../parts/icons.tsx'
import { SaveButton } from '../parts/save.tsx'
import { WhichForm, useWhich, whichQuery } from './which-attempt.tsx'
import { formatBytes, formatCount } from '../data/formats.ts'
import { readAnsi, stripAnsi } from './ansi.ts'
import { useLog } from './use-log.ts'
import type { JSX } from 'preact'
import type { JobTabProps } from './job-tab.ts'
import type { JobView } from '../../model/generated/api-job.ts'
import type { Which } from './which-attempt.tsx'
import type { LogLine } from './log-book.ts'
import type { LiveLog } from './use-log.ts'

type StreamChoice = '' | 'out' | 'err'

/** Near enough to the end to stay there. */
const END_PX = 24

export function LogsTab({ job }: JobTabProps): JSX.Element {
  const which = useWhich(job)
  if (which.attempts.length > 0) return <AttemptLog job={job} which={which} />
  return (
    <Empty icon="queued" title="Nothing was tried yet">
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
  const needle = search.toLowerCase()
  const found = log.book.lines.filter(({ text }) => stripAnsi(text).toLowerCase().includes(needle))
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
          class="button"
          aria-pressed={isWrapped}
          onClick={() => setWrapped(!isWrapped)}
        >
          Wrap
        </button>
        <SaveButton
          name={`${job.id}-${log.attempt ?? 1}.log`}
          value={() => log.book.lines.map(({ text }) => stripAnsi(text)).join('\n')}
        />
      </div>
      {log.cause !== undefined && <Failure cause={log.cause} />}
      <LogText log={log} lines={found} isWrapped={isWrapped} isSearched={search !== ''} />
    </div>
  )
}

interface LogTextProps {
  log: LiveLog
  lines: readonly LogLine[]
  isWrapped: boolean
  isSearched: boolean
}

function LogText({ isSearched, isWrapped, lines, log }: LogTextProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null)
  const [isAtEnd, setAtEnd] = useState(true)
  const last = lines.at(-1)
  const toEnd = (): void => {
    if (box.current !== null) box.current.scrollTop = box.current.scrollHeight
  }
  useLayoutEffect(() => {
    if (isAtEnd) toEnd()
  }, [last, isWrapped])
  useEffect(() => setAtEnd(true), [log.book])
  const { book, file, isComplete } = log
  return (
    <div class="log">
      <div
        ref={box}
        class={isWrapped ? 'log-lines wrapped' : 'log-lines'}
        role="log"
        aria-label="Log"
        tabIndex={0}
        onScroll={({ currentTarget: { clientHeight, scrollHeight, scrollTop } }) =>
          setAtEnd(scrollHeight - scrollTop - clientHeight < END_PX)
        }
      >
        {lines.length === 0 && <NoLines isComplete={isComplete} isSearched={isSearched} />}
        {lines.map((line) => (
          <Line key={line.number} line={line} />
        ))}
      </div>
      {!isAtEnd && (
        <button
          type="button"
          class="button main small log-resume"
          onClick={() => {
            setAtEnd(true)
            toEnd()
          }}
        >
          <Icon name="down" /> {isComplete ? 'To the end' : 'Follow'}
        </button>
      )}
      <div class="log-foot">
        {isComplete ? (
          <Badge tone="quiet" icon="completed" isPlain>
            ended
          </Badge>
        ) : (
          <Badge tone="run" icon={isAtEnd ? 'play' : 'held'} isPlain>
            {isAtEnd ? 'following' : 'paused'}
          </Badge>
        )}
        <span>
          {formatCount(lines.length)} lines
          {book.droppedCount > 0 && `, ${formatCount(book.droppedCount)} older ones dropped`}
        </span>
        {file !== undefined && (
          <Link href={`/files/${file.file}`}>All of it, {formatBytes(file.size)}</Link>
        )}
      </div>
    </div>
  )
}

function Line({ line: { number, stream, text } }: { line: LogLine }): JSX.Element {
  return (
    <div class={`log-line of-${stream}`}>
      <span class="log-number" aria-hidden="true">
        {number}
      </span>
      <span class="log-text">
        {readAnsi(text).map(({ look, text: part }, index) => (
          <span key={index} class={look}>
            {part}
          </span>
        ))}
      </span>
    </div>
  )
}

function NoLines({
  isComplete,
  isSearched
}: Pick<LogTextProps, 'isSearched'> & { isComplete: boolean }): JSX.Element {
  if (isSearched) return <Empty icon="search" title="No line has that" />
  if (isComplete) return <Empty icon="jobs" title="It wrote nothing" />
  return <Empty icon="queued" title="Nothing written yet" />
}
