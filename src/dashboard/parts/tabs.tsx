/** Tabs of a page: each is an address of its own; arrows go from one to the next. */
import { useRef } from 'preact/hooks'
import { useLocation } from 'wouter-preact'
import { hrefOf } from '../data/place.ts'
import type { ComponentChildren, JSX } from 'preact'

export interface Tab {
  key: string
  title: ComponentChildren
  href: string
}

interface TabsProps {
  label: string
  tabs: readonly Tab[]
  current: string
  children: ComponentChildren
}

const STEPS: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1 }

export function Tabs({ children, current, label, tabs }: TabsProps): JSX.Element {
  const [, navigate] = useLocation()
  const list = useRef<HTMLDivElement>(null)
  const open = (tab: Tab | undefined): void => {
    if (tab !== undefined) navigate(tab.href, { replace: true })
  }
  const move = (event: KeyboardEvent): void => {
    const step = STEPS[event.key]
    if (step === undefined) return
    event.preventDefault()
    const index = tabs.findIndex(({ key }) => key === current)
    const next = (index + step + tabs.length) % tabs.length
    open(tabs[next])
    ;(list.current?.children[next] as HTMLElement | undefined)?.focus()
  }
  return (
    <>
      <div ref={list} class="tabs" role="tablist" aria-label={label} onKeyDown={move}>
        {tabs.map((tab) => (
          <a
            key={tab.key}
            id={`tab-${tab.key}`}
            class="tab"
            role="tab"
            href={hrefOf(tab.href)}
            aria-selected={tab.key === current}
            aria-controls="tab-panel"
            tabIndex={tab.key === current ? 0 : -1}
            onClick={(event) => {
              if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return
              event.preventDefault()
              open(tab)
            }}
          >
            {tab.title}
          </a>
        ))}
      </div>
      <div id="tab-panel" class="tab-panel" role="tabpanel" aria-labelledby={`tab-${current}`}>
        {children}
      </div>
    </>
  )
}
