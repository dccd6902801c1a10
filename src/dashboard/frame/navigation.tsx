/** Where one can go: at the side of a screen, at the foot of a phone. */
import { Link, useLocation } from 'wouter-preact'
import { Icon } from '../parts/icons.tsx'
import { formatCount } from '../data/formats.ts'
import { may, overview } from '../data/live.ts'
import type { IconName } from '../parts/icons.tsx'
import type { JSX } from 'preact'

interface Place {
  href: string
  name: string
  icon: IconName
  /** How much of it there is, or goes on. */
  count?: () => number | undefined
}

const PLACES: readonly Place[] = [
  { href: '/', name: 'Overview', icon: 'overview' },
  { href: '/mesh', name: 'Mesh', icon: 'mesh' },
  {
    href: '/workers',
    name: 'Workers',
    icon: 'workers',
    count: () => overview.value && sumOf(overview.value.workers)
  },
  {
    href: '/jobs',
    name: 'Jobs',
    icon: 'jobs',
    count: () => overview.value?.jobs && sumOf(overview.value.jobs)
  },
  {
    href: '/files',
    name: 'Files',
    icon: 'files',
    // A monitor knows of none.
    count: () => (overview.value?.role === 'router' ? overview.value.files.known : undefined)
  },
  { href: '/api', name: 'API', icon: 'link' }
]

/** For those who operate; on a phone it has its place in the menu. */
export const SECURITY: Place = { href: '/security', name: 'Security', icon: 'lock' }

export function Navigation(): JSX.Element {
  const [path] = useLocation()
  const places = may('operate') ? [...PLACES, SECURITY] : PLACES
  return (
    <nav aria-label="Main">
      <ul>
        {places.map(({ count, href, icon, name }) => {
          const isHere = href === '/' ? path === '/' : path === href || path.startsWith(`${href}/`)
          const shown = count?.()
          return (
            <li key={href} class={href === SECURITY.href ? 'wide-only' : undefined}>
              <Link class="nav-link" href={href} {...(isHere && { 'aria-current': 'page' })}>
                <Icon name={icon} />
                {name}
                {shown !== undefined && <span class="count">{formatCount(shown)}</span>}
              </Link>
            </li>
          )
        })}
      </ul>
    </nav>
  )
}

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}
