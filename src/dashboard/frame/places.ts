/** Where one can go: the list that the navigation shows, the keys lead through, and the help names. */
import { may, overview } from '../data/live.ts'
import type { IconName } from '../parts/icons.tsx'

export interface Place {
  href: string
  name: string
  icon: IconName
  /** Pressed after `g`. */
  key: string
  /** How much of it there is, or goes on. */
  count?: () => number | undefined
  /** On a phone it has no room at the foot, and stands in the menu. */
  isInMenu?: boolean
}

const PLACES: readonly Place[] = [
  { href: '/', name: 'Overview', icon: 'overview', key: 'o' },
  { href: '/mesh', name: 'Mesh', icon: 'mesh', key: 'm' },
  {
    href: '/workers',
    name: 'Workers',
    icon: 'workers',
    key: 'w',
    count: () => overview.value && sumOf(overview.value.workers)
  },
  {
    href: '/jobs',
    name: 'Jobs',
    icon: 'jobs',
    key: 'j',
    count: () => overview.value?.jobs && sumOf(overview.value.jobs)
  },
  {
    href: '/files',
    name: 'Files',
    icon: 'files',
    key: 'f',
    // A monitor knows of none.
    count: () => (overview.value?.role === 'router' ? overview.value.files.known : undefined)
  },
  { href: '/api', name: 'API', icon: 'link', key: 'a' }
]

/** For those who operate. */
const SECURITY: Place = {
  href: '/security',
  name: 'Security',
  icon: 'lock',
  key: 's',
  isInMenu: true
}

/** Those that the token opens. */
export function placesNow(): readonly Place[] {
  return may('operate') ? [...PLACES, SECURITY] : PLACES
}

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}
