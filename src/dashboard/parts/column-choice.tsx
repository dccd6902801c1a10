/** Which columns of a table somebody wants to see: chosen in a menu, and remembered in this browser. */
import { useState } from 'preact/hooks'
import { Dialog } from './dialogs.tsx'
import { Icon } from './icons.tsx'
import type { JSX } from 'preact'

export interface ColumnChoice {
  hidden: ReadonlySet<string>
  toggle: (key: string) => void
}

/** `table` names what is remembered; `initial` are hidden until somebody wants them. */
export function useColumnChoice(table: string, initial: readonly string[]): ColumnChoice {
  const key = `taskmesh.columns.${table}`
  const [hidden, setHidden] = useState<ReadonlySet<string>>(
    () => new Set(localStorage.getItem(key)?.split(',') ?? initial)
  )
  const toggle = (column: string): void => {
    const next = new Set(hidden)
    if (!next.delete(column)) next.add(column)
    localStorage.setItem(key, [...next].join())
    setHidden(next)
  }
  return { hidden, toggle }
}

interface ColumnMenuProps {
  choice: ColumnChoice
  columns: readonly { key: string; title: string; rank?: number }[]
}

export function ColumnMenu({ choice, columns }: ColumnMenuProps): JSX.Element {
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <button type="button" class="button" aria-haspopup="dialog" onClick={() => setOpen(true)}>
        <Icon name="columns" /> Columns
      </button>
      {isOpen && (
        <Dialog label="Columns" onClose={() => setOpen(false)}>
          <div class="inside">
            <h2>Columns</h2>
            <p class="soft">Where there is no room for all, the last ones are left out.</p>
            <div class="stack">
              {columns
                .filter(({ rank = 1 }) => rank > 1)
                .map(({ key, title }) => (
                  <label key={key} class="row">
                    <input
                      type="checkbox"
                      checked={!choice.hidden.has(key)}
                      onChange={() => choice.toggle(key)}
                    />
                    {title}
                  </label>
                ))}
            </div>
            <div class="actions">
              <button type="button" class="button main" onClick={() => setOpen(false)}>
                Done
              </button>
            </div>
          </div>
        </Dialog>
      )}
    </>
  )
}
