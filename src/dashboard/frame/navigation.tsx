/** The ways to all pages: at the side of a screen, at the foot of a phone. */
import { Link, useLocation } from 'wouter-preact'
import { Icon } from '../parts/icons.tsx'
import { formatCount } from '../data/formats.ts'
import { placesNow } from './places.ts'
import type { JSX } from 'preact'

export function Navigation(): JSX.Element {
  const [path] = useLocation()
  return (
    <nav aria-label="Main">
      <ul>
        {placesNow().map(({ count, href, icon, isInMenu, name }) => {
          const isHere = href === '/' ? path === '/' : path === href || path.startsWith(`${href}/`)
          const shown = count?.()
          return (
            <li key={href} class={isInMenu ? 'wide-only' : undefined}>
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
