/** The lines of a log, of which those in sight are drawn: however many there are, and while more come. */
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { Badge } from '../parts/basics.tsx'
import { Empty } from '../parts/situations.tsx'
import { Icon } from '../parts/icons.tsx'
import { findLines, markFound } from './log-search.ts'
import { formatCount, plural } from '../data/formats.ts'
import { readAnsi } from './ansi.ts'
import { useVirtual } from '../parts/use-virtual.ts'
import type { ComponentChildren, JSX } from 'preact'
import type { LiveLog } from './use-log.ts'
import type { Virtual } from '../parts/use-virtual.ts'
import type { LogLine } from './log-book.ts'

interface LogTextProps {
  log: LiveLog
  search: string
  /** Shows a line that was found among those around it, which ends the search. */
  onSearchEnd: () => void
  isWrapped: boolean
  /** What else can be done with the log. */
  children?: ComponentChildren
}

/** As the style has it: what a line takes that is not wrapped. */
const LINE_PX = 19
/** Near enough to the end to stay there. */
const END_PX = 24
/** Of one line: what writes more is no text for people, and is in what they save. */
const SHOWN_CHARS_MAX = 4_000

export function LogText(props: LogTextProps): JSX.Element {
  const { children, isWrapped, log, onSearchEnd, search } = props
  const { book, isComplete } = log
  const box = useRef<HTMLDivElement>(null)
  const [isAtEnd, setAtEnd] = useState(true)
  const [wanted, setWanted] = useState<number>()
  const { version } = book
  const lines = useMemo(() => findLines(book.lines, search), [book, version, search])
  const keyOf = useCallback((index: number) => lines[index]?.number ?? index, [lines])
  const tail = { keyOf, endPx: END_PX }
  const virtual = useVirtual({ count: lines.length, rowHeight: LINE_PX, scroll: box, tail })
  useLayoutEffect(virtual.remeasure, [isWrapped])
  useLayoutEffect(() => {
    if (isAtEnd) virtual.scrollToEnd()
  }, [isWrapped, book, search])
  useEffect(() => setAtEnd(true), [book])
  useLayoutEffect(() => {
    if (wanted === undefined || search !== '') return
    virtual.scrollTo(wanted - (lines[0]?.number ?? 0), 'center')
  }, [wanted, search])
  const showAmongOthers = (line: LogLine): void => {
    setAtEnd(false)
    setWanted(line.number)
    onSearchEnd()
  }
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
        {lines.length === 0 && <NoLines isComplete={isComplete} isSearched={search !== ''} />}
        <Lines {...{ lines, virtual, isWrapped, search, wanted, showAmongOthers }} />
      </div>
      {!isAtEnd && (
        <button
          type="button"
          class="button main small log-resume"
          onClick={() => {
            setAtEnd(true)
            virtual.scrollToEnd()
          }}
        >
          <Icon name="down" /> {isComplete ? 'To the end' : 'Follow'}
        </button>
      )}
      <div class="log-foot">
        <Progress isComplete={isComplete} isAtEnd={isAtEnd} />
        <span>
          {search !== '' && `${formatCount(lines.length)} of `}
          {plural(book.lines.length, 'line')}
          {book.droppedCount > 0 && `, ${formatCount(book.droppedCount)} older ones dropped`}
        </span>
        {children}
      </div>
    </div>
  )
}

interface LinesProps {
  lines: readonly LogLine[]
  virtual: Virtual
  isWrapped: boolean
  search: string
  /** The number of one that somebody asked for. */
  wanted: number | undefined
  showAmongOthers: (line: LogLine) => void
}

function Lines({
  isWrapped,
  lines,
  search,
  showAmongOthers,
  virtual,
  wanted
}: LinesProps): JSX.Element {
  return (
    <div class="log-body" style={{ height: `${virtual.height}px`, ...widthOf(lines, isWrapped) }}>
      {virtual.rows.map(({ index, start }) => {
        const line = lines[index]
        if (line === undefined) return null
        return (
          <div
            key={line.number}
            ref={isWrapped ? virtual.measure : null}
            data-index={index}
            class={`log-line of-${line.stream} ${line.number === wanted ? 'is-wanted' : ''}`}
            style={{ transform: `translateY(${start}px)` }}
          >
            <Line line={line} search={search} {...(search !== '' && { showAmongOthers })} />
          </div>
        )
      })}
    </div>
  )
}

/** Lines that are not wrapped are all as wide as the widest, or the picture would be torn sideways with each that comes into sight. */
function widthOf(lines: readonly LogLine[], isWrapped: boolean): { minWidth?: string } {
  if (isWrapped) return {}
  const chars = lines.reduce((most, { text }) => Math.max(most, text.length), 0)
  return { minWidth: `calc(var(--log-number) + ${Math.min(chars, SHOWN_CHARS_MAX)}ch)` }
}

function Progress({ isAtEnd, isComplete }: { isAtEnd: boolean; isComplete: boolean }): JSX.Element {
  if (isComplete) {
    return (
      <Badge tone="quiet" icon="completed" isPlain>
        ended
      </Badge>
    )
  }
  return (
    <Badge tone="run" icon={isAtEnd ? 'play' : 'held'} isPlain>
      {isAtEnd ? 'following' : 'paused'}
    </Badge>
  )
}

interface LineProps {
  line: LogLine
  search: string
  showAmongOthers?: (line: LogLine) => void
}

function Line({ line, search, showAmongOthers }: LineProps): JSX.Element {
  const { number, text } = line
  const spans = markFound(readAnsi(text.slice(0, SHOWN_CHARS_MAX)), search)
  const beyond = text.length - SHOWN_CHARS_MAX
  return (
    <>
      {showAmongOthers === undefined ? (
        <span class="log-number" aria-hidden="true">
          {number}
        </span>
      ) : (
        <button
          type="button"
          class="log-number"
          title="Show it among the lines around it"
          aria-label={`Line ${number}, show it among the lines around it`}
          onClick={() => showAmongOthers(line)}
        >
          {number}
        </button>
      )}
      <span class="log-text">
        {spans.map(({ isFound, look, text: part }, index) => {
          const Part = isFound ? 'mark' : 'span'
          return (
            <Part key={index} class={look}>
              {part}
            </Part>
          )
        })}
        {beyond > 0 && <i class="faint"> … {formatCount(beyond)} more letters</i>}
      </span>
    </>
  )
}

function NoLines(props: { isComplete: boolean; isSearched: boolean }): JSX.Element {
  if (props.isSearched) return <Empty icon="search" title="No line has that" />
  if (props.isComplete) return <Empty icon="jobs" title="It wrote nothing" />
  return <Empty icon="queued" title="Nothing written yet" />
}
