/** A form for one operation: its parameters, its body, and what the server answers. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { Failure } from '../parts/situations.tsx'
import { addressOf, send } from './send.ts'
import { exampleOf, typeOf } from './document.ts'
import type { Answer } from './send.ts'
import type { ApiDocument, Operation } from './document.ts'
import type { JSX } from 'preact'

interface TryItProps {
  document: ApiDocument
  operation: Operation
}

export function TryIt({ document, operation }: TryItProps): JSX.Element {
  const content = Object.values(operation.requestBody?.content ?? {})[0]
  const [values, setValues] = useState<Record<string, string>>({})
  const [body, setBody] = useState(() =>
    content === undefined ? '' : exampleOf(document, content.schema)
  )
  const { answer, begin, cause, isRunning, stop } = useSending()
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault()
        begin({ operation, values, body })
      }}
    >
      {operation.parameters.map(({ name, required, schema }) => (
        <label class="field" key={name}>
          <span class="name">
            <code>{name}</code> {required === true ? '' : '(optional)'}{' '}
            <span class="faint">
              {typeOf(document, schema)} {schema.description}
            </span>
          </span>
          <input
            class="input"
            required={required === true}
            value={values[name] ?? ''}
            onInput={({ currentTarget: { value } }) => setValues({ ...values, [name]: value })}
          />
        </label>
      ))}
      {content !== undefined && (
        <label class="field">
          <span class="name">Body</span>
          <textarea
            class="input mono"
            rows={Math.min(16, body.split('\n').length + 1)}
            spellcheck={false}
            value={body}
            onInput={({ currentTarget }) => setBody(currentTarget.value)}
          />
        </label>
      )}
      <div class="row">
        <button class="button main" type="submit" disabled={isRunning}>
          Send
        </button>
        {isRunning && (
          <button class="button" type="button" onClick={stop}>
            Stop
          </button>
        )}
        <code class="cut">
          {operation.method} {addressOf({ operation, values })}
        </code>
      </div>
      {cause !== undefined && <Failure cause={cause} />}
      {answer !== undefined && <AnswerView answer={answer} />}
    </form>
  )
}

function AnswerView({ answer: { headers, status, text } }: { answer: Answer }): JSX.Element {
  return (
    <div class="stack" aria-live="polite">
      <strong>Answer {status}</strong>
      {headers.map(([name, value]) => (
        <code class="soft" key={name}>
          {name}: {value}
        </code>
      ))}
      {/* It scrolls, so the keyboard must come there. */}
      <pre class="api-answer" tabIndex={0} aria-label="Answer">
        {pretty(text)}
      </pre>
    </div>
  )
}

interface Sending {
  answer: Answer | undefined
  cause: unknown
  isRunning: boolean
  begin: (wish: Parameters<typeof send>[0]) => void
  stop: () => void
}

/** One request at a time; what goes on ends with the page. */
function useSending(): Sending {
  const [answer, setAnswer] = useState<Answer>()
  const [cause, setCause] = useState<unknown>()
  const [isRunning, setIsRunning] = useState(false)
  const controller = useRef<AbortController>()
  useEffect(() => () => controller.current?.abort(), [])
  const stop = (): void => controller.current?.abort()
  const begin: Sending['begin'] = (wish) => {
    const own = new AbortController()
    controller.current = own
    setAnswer(undefined)
    setCause(undefined)
    setIsRunning(true)
    send(wish, setAnswer, own.signal)
      .catch((failure: unknown) => {
        if (!own.signal.aborted) setCause(failure)
      })
      .finally(() => setIsRunning(false))
  }
  return { answer, cause, isRunning, begin, stop }
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    // Lines of JSON, a stream, bytes: as they came.
    return text
  }
}
