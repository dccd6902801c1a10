/** The small parts of pages: header, card, figures, badge, bar, id, moment. */
import { Link } from 'wouter-preact'
import { Icon } from './icons.tsx'
import { formatAgo, formatMoment } from '../data/formats.ts'
import { lookOf } from './states.ts'
import { nowMs } from '../data/now.ts'
import { useCopy } from './clipboard.tsx'
import { usePageTitle } from '../frame/page-focus.ts'
import type { ComponentChildren, JSX } from 'preact'
import type { IconName } from './icons.tsx'
import type { Tone } from './states.ts'

interface PageHeaderProps {
  /** What the tab of the browser says too. */
  title: string
  /** Shown instead of the title, where it is more than a text. */
  heading?: ComponentChildren
  back?: { href: string; text: string }
  note?: ComponentChildren
  /** Buttons. */
  children?: ComponentChildren
}

/** Each page has one: the focus comes here when the page is changed. */
export function PageHeader({ back, children, heading, note, title }: PageHeaderProps): JSX.Element {
  const ref = usePageTitle(title)
  return (
    <header class="page-header">
      <div class="titles">
        {back !== undefined && (
          <Link class="back" href={back.href}>
            <Icon name="back" /> {back.text}
          </Link>
        )}
        <h1 ref={ref} tabIndex={-1}>
          {heading ?? title}
        </h1>
        {note !== undefined && <div class="note">{note}</div>}
      </div>
      <div class="row">{children}</div>
    </header>
  )
}

export function Card({
  aside,
  children,
  title
}: {
  title?: string
  aside?: ComponentChildren
  children: ComponentChildren
}): JSX.Element {
  return (
    <section class="card">
      {title !== undefined && (
        <header>
          <h2>{title}</h2>
          {aside}
        </header>
      )}
      {children}
    </section>
  )
}

/** Put into `<dl class="stats">`. */
export function Stat({
  name,
  note,
  value
}: {
  name: string
  value: ComponentChildren
  note?: ComponentChildren
}): JSX.Element {
  return (
    <div class="stat">
      <dt>{name}</dt>
      <dd>{value}</dd>
      {note !== undefined && <dd class="note">{note}</dd>}
    </div>
  )
}

/** Names and values, in two columns; what is undefined is left out. */
export function Facts({
  rows
}: {
  rows: readonly (readonly [string, ComponentChildren])[]
}): JSX.Element {
  return (
    <dl class="facts">
      {rows
        .filter(([, value]) => value !== undefined && value !== null)
        .map(([name, value]) => [<dt key={name}>{name}</dt>, <dd key={`${name}=`}>{value}</dd>])}
    </dl>
  )
}

/** A state by its word, its sign and its colour. */
export function StateBadge({ isPlain, state }: { state: string; isPlain?: boolean }): JSX.Element {
  const { icon, tone, word } = lookOf(state)
  return (
    <Badge icon={icon} tone={tone} {...(isPlain && { isPlain })}>
      {word}
    </Badge>
  )
}

export function Badge({
  children,
  icon,
  isPlain,
  tone
}: {
  tone: Tone
  icon: IconName
  isPlain?: boolean
  children: ComponentChildren
}): JSX.Element {
  return (
    <span class={isPlain ? 'badge plain' : 'badge'} data-tone={tone}>
      <Icon name={icon} />
      {children}
    </span>
  )
}

export interface BarPart {
  tone: Tone
  ratio: number
}

/** How far something is. `text` says it to those who don't see it. */
export function Bar({ parts, text }: { parts: readonly BarPart[]; text: string }): JSX.Element {
  return (
    <span class="bar" role="img" aria-label={text} title={text}>
      {parts
        .filter(({ ratio }) => ratio > 0)
        .map(({ ratio, tone }) => (
          <i key={tone} data-tone={tone} style={{ width: `${Math.min(1, ratio) * 100}%` }} />
        ))}
    </span>
  )
}

/** An id, short or whole, and a button that copies it. */
export function CopyId({
  id,
  short,
  what = 'id'
}: {
  id: string
  short?: string
  what?: string
}): JSX.Element {
  const [isCopied, copy] = useCopy()
  return (
    <span class="id">
      <span class="cut" title={id}>
        {short ?? id}
      </span>
      <button
        type="button"
        title={`Copy ${what}`}
        aria-label={`Copy ${what} ${id}`}
        onClick={(event) => {
          event.preventDefault()
          event.stopPropagation()
          copy(id)
        }}
      >
        <Icon name={isCopied ? 'completed' : 'copy'} />
      </button>
    </span>
  )
}

/** How long ago; the moment itself to whoever points at it. */
export function Ago({ atMs }: { atMs: number | null | undefined }): JSX.Element {
  if (atMs === null || atMs === undefined) return <span class="faint">–</span>
  return (
    <time dateTime={new Date(atMs).toISOString()} title={formatMoment(atMs)}>
      {formatAgo(atMs, nowMs.value)}
    </time>
  )
}
