/** Questions before something is done, and news of what was done: one place for the whole dashboard. */
import { signal } from '@preact/signals'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Icon } from './icons.tsx'
import { MeshError } from '../../core/errors.ts'
import type { ComponentChildren, JSX } from 'preact'
import type { Tone } from './states.ts'

export interface Question {
  title: string
  body: ComponentChildren
  /** On the button that does it, such as `Stop job`. */
  action: string
  isDangerous?: boolean
  /** Asks for a text as well, such as a reason. */
  text?: { name: string; placeholder?: string }
  choice?: { name: string; options: readonly (readonly [value: string, text: string])[] }
}

export interface Answer {
  text: string
  choice: string
}

interface Asked extends Question {
  settle: (answer: Answer | undefined) => void
}

const asked = signal<Asked | undefined>(undefined)

/** Undefined if nobody wants it after all. */
export async function ask(question: Question): Promise<Answer | undefined> {
  asked.value?.settle(undefined)
  const { promise, resolve } = Promise.withResolvers<Answer | undefined>()
  asked.value = { ...question, settle: resolve }
  return promise
}

interface Toast {
  number: number
  tone: Tone
  text: string
  hint: string | undefined
}

const TOAST_MS = 6_000
const TOASTS_MAX = 4
let toastNumber = 0
const toasts = signal<readonly Toast[]>([])

/** Shown for some seconds, and read out. */
export function say(text: string, tone: Tone = 'good', hint?: string): void {
  toastNumber += 1
  const number = toastNumber
  toasts.value = [...toasts.value, { number, tone, text, hint }].slice(-TOASTS_MAX)
  // Whoever has to do something has longer to read it.
  setTimeout(() => dismiss(number), tone === 'bad' ? 3 * TOAST_MS : TOAST_MS)
}

/** Does something and says what came of it; true if it was done. */
export async function attempt(act: () => Promise<unknown>, done: string): Promise<boolean> {
  try {
    await act()
    say(done)
    return true
  } catch (cause) {
    const { code, hint, message } = MeshError.from(cause)
    say(`${message} (${code})`, 'bad', hint)
    return false
  }
}

function dismiss(number: number): void {
  toasts.value = toasts.value.filter((toast) => toast.number !== number)
}

/** Once, in the frame. */
export function Dialogs(): JSX.Element {
  const question = asked.value
  return (
    <>
      {question !== undefined && <QuestionDialog key={question.title} question={question} />}
      <div class="toasts" aria-live="polite" role="status">
        {toasts.value.map(({ hint, number, text, tone }) => (
          <div key={number} class="toast" data-tone={tone}>
            <Icon name={tone === 'bad' ? 'warning' : 'completed'} />
            <div>
              {text}
              {hint !== undefined && <div class="soft">{hint}</div>}
            </div>
            <button type="button" class="button quiet small" onClick={() => dismiss(number)}>
              <Icon name="close" />
              <span class="heard">Dismiss</span>
            </button>
          </div>
        ))}
      </div>
    </>
  )
}

function QuestionDialog({ question }: { question: Asked }): JSX.Element {
  const [text, setText] = useState('')
  const [choice, setChoice] = useState(question.choice?.options[0]?.[0] ?? '')
  const settle = (answer: Answer | undefined): void => {
    asked.value = undefined
    question.settle(answer)
  }
  return (
    <Dialog label={question.title} onClose={() => settle(undefined)}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          settle({ text: text.trim(), choice })
        }}
      >
        <h2>{question.title}</h2>
        <div>{question.body}</div>
        {question.choice !== undefined && (
          <label class="field">
            <span class="name">{question.choice.name}</span>
            <select
              class="input"
              value={choice}
              onChange={({ currentTarget }) => setChoice(currentTarget.value)}
            >
              {question.choice.options.map(([value, shown]) => (
                <option key={value} value={value}>
                  {shown}
                </option>
              ))}
            </select>
          </label>
        )}
        {question.text !== undefined && (
          <label class="field">
            <span class="name">{question.text.name}</span>
            <input
              class="input"
              value={text}
              placeholder={question.text.placeholder}
              onInput={({ currentTarget }) => setText(currentTarget.value)}
            />
          </label>
        )}
        <div class="actions">
          <button type="button" class="button" onClick={() => settle(undefined)}>
            Cancel
          </button>
          <button type="submit" class={`button main ${question.isDangerous ? 'danger' : ''}`}>
            {question.action}
          </button>
        </div>
      </form>
    </Dialog>
  )
}

/** A modal dialog: the browser keeps the focus in it, and gives it back to where it was. */
export function Dialog({
  children,
  label,
  onClose
}: {
  label: string
  onClose: () => void
  children: ComponentChildren
}): JSX.Element {
  const ref = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const dialog = ref.current
    const before = document.activeElement
    dialog?.showModal()
    return () => {
      dialog?.close()
      if (before instanceof HTMLElement) before.focus()
    }
  }, [])
  return (
    <dialog
      ref={ref}
      class="dialog"
      aria-label={label}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onClick={(event) => {
        // Beside it, on what lies behind.
        if (event.target === event.currentTarget) onClose()
      }}
    >
      {children}
    </dialog>
  )
}
