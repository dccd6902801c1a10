/** What is always at hand: which router, whether news come, the theme, keys, signing out. */
import { signal } from '@preact/signals'
import { Link } from 'wouter-preact'
import { Dialog } from '../parts/dialogs.tsx'
import { Icon } from '../parts/icons.tsx'
import { RouterChoice } from './router-choice.tsx'
import { connection } from '../data/live.ts'
import { isHelpOpen } from './shortcuts.tsx'
import { nextTheme, themeChoice } from '../data/theme.ts'
import { placesNow } from './places.ts'
import { signOut } from '../data/session.ts'
import type { Connection } from '../data/live.ts'
import type { JSX } from 'preact'

const CONNECTIONS: Readonly<Record<Connection, string>> = {
  connecting: 'Connecting',
  live: 'Live',
  reconnecting: 'Reconnecting',
  lost: 'No connection'
}

export function Brand(): JSX.Element {
  return (
    <Link class="brand" href="/">
      <svg viewBox="0 0 24 24" aria-hidden="true" fill="currentColor">
        <path
          d="M5 6 12 4l7 5-1 8-7 3-6-5zM5 6l6 6 8-3M11 12v8M11 12l-6 3M11 12l7 5"
          fill="none"
          stroke="currentColor"
          stroke-width="1.2"
        />
        {MARKS.map(([x, y, r]) => (
          <circle key={`${x} ${y}`} cx={x} cy={y} r={r} />
        ))}
      </svg>
      taskmesh
    </Link>
  )
}

const MARKS = [
  [5, 6, 1.8],
  [12, 4, 1.8],
  [19, 9, 1.8],
  [18, 17, 1.8],
  [11, 20, 1.8],
  [5, 15, 1.8],
  [11, 12, 2.8]
] as const

export function ConnectionState(): JSX.Element {
  return (
    <span class="connection" data-state={connection.value} role="status">
      {CONNECTIONS[connection.value]}
    </span>
  )
}

const THEMES = { auto: 'As the system', light: 'Light', dark: 'Dark' } as const

export function ThemeButton(): JSX.Element {
  const choice = themeChoice.value
  const text = `Theme: ${THEMES[choice].toLowerCase()}`
  return (
    <button
      type="button"
      class="button quiet icon-only"
      title={text}
      aria-label={text}
      onClick={nextTheme}
    >
      <Icon name={choice} />
    </button>
  )
}

export function Controls(): JSX.Element {
  return (
    <div class="row">
      <ThemeButton />
      <button
        type="button"
        class="button quiet icon-only"
        title="Keyboard shortcuts"
        aria-label="Keyboard shortcuts"
        onClick={() => (isHelpOpen.value = true)}
      >
        <Icon name="keyboard" />
      </button>
      <button
        type="button"
        class="button quiet icon-only"
        title="Sign out"
        aria-label="Sign out"
        onClick={() => signOut()}
      >
        <Icon name="leave" />
      </button>
    </div>
  )
}

const isMenuOpen = signal(false)

/** Of a phone: what has no room there stands in a dialog. */
export function TopBar(): JSX.Element {
  const close = (): void => void (isMenuOpen.value = false)
  return (
    <header class="top">
      <Brand />
      <div class="row">
        <ConnectionState />
        <button
          type="button"
          class="button quiet icon-only"
          aria-label="Menu"
          aria-haspopup="dialog"
          onClick={() => (isMenuOpen.value = true)}
        >
          <Icon name="menu" />
        </button>
      </div>
      {isMenuOpen.value && (
        <Dialog label="Menu" onClose={close}>
          <div class="inside">
            <RouterChoice />
            {placesNow()
              .filter(({ isInMenu }) => isInMenu)
              .map(({ href, icon, name }) => (
                <Link key={href} class="button" href={href} onClick={close}>
                  <Icon name={icon} /> {name}
                </Link>
              ))}
            <Controls />
            <div class="actions">
              <button type="button" class="button" onClick={close}>
                Close
              </button>
            </div>
          </div>
        </Dialog>
      )}
    </header>
  )
}
