/** Dark or light: the system's wish, unless somebody chose. Canvases ask here what a colour is now. */
import { effect, signal } from '@preact/signals'

export type ThemeChoice = 'auto' | 'light' | 'dark'

const KEY = 'taskmesh.theme'

export const themeChoice = signal<ThemeChoice>(stored())
/** Grows with each change of what colours are: read it where a canvas is drawn. */
export const themeVersion = signal(0)

const ORDER: readonly ThemeChoice[] = ['auto', 'light', 'dark']

export function nextTheme(): void {
  const index = ORDER.indexOf(themeChoice.value)
  themeChoice.value = ORDER[(index + 1) % ORDER.length] ?? 'auto'
}

effect(() => {
  const choice = themeChoice.value
  if (choice === 'auto') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = choice
  localStorage.setItem(KEY, choice)
  themeVersion.value = themeVersion.peek() + 1
})

matchMedia('(prefers-color-scheme: dark)').addEventListener(
  'change',
  () => (themeVersion.value += 1)
)

/** A token of the design system, such as `--tone-good`, as a canvas takes it: `rgb(…)`. */
export function colourOf(name: `--${string}`): string {
  const probe = document.createElement('i')
  probe.style.color = `var(${name})`
  document.body.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}

function stored(): ThemeChoice {
  const found = localStorage.getItem(KEY)
  return found === 'light' || found === 'dark' ? found : 'auto'
}
