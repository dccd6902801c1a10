/** The same by the command line or by HTTP: what one copies into a terminal, a script or a message to others. */
import { useState } from 'preact/hooks'
import { CopyButton } from './clipboard.tsx'
import { Dialog } from './dialogs.tsx'
import { Icon } from './icons.tsx'
import { apiBase } from '../data/session.ts'
import type { JSX } from 'preact'

export interface Command {
  /** What it does. */
  does: string
  text: string
}

/** A question to the API as `curl` asks it; the token stays where it is, in the reader's environment. */
export function curlOf(path: string): string {
  const address = `${location.origin}/${apiBase.value}${path}`
  return `curl --header "Authorization: Bearer $TASKMESH_TOKEN" ${address}`
}

export function CommandsButton({ commands }: { commands: readonly Command[] }): JSX.Element {
  const [isOpen, setOpen] = useState(false)
  const close = (): void => setOpen(false)
  return (
    <>
      <button type="button" class="button" aria-haspopup="dialog" onClick={() => setOpen(true)}>
        <Icon name="terminal" /> Commands
      </button>
      {isOpen && (
        <Dialog label="Commands" onClose={close}>
          <div class="inside">
            <h2>The same in a terminal</h2>
            <dl class="commands">
              {commands.map(({ does, text }) => (
                <div key={text}>
                  <dt>{does}</dt>
                  <dd>
                    <code>{text}</code>
                    <CopyButton label={`Copy: ${does}`} value={() => text} />
                  </dd>
                </div>
              ))}
            </dl>
            <div class="actions">
              <button type="button" class="button" onClick={close}>
                Close
              </button>
            </div>
          </div>
        </Dialog>
      )}
    </>
  )
}
