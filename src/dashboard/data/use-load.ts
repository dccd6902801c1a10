/** Something that a page asks the API for: when it is opened, when what it asks for changes, and when it is told to. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { apiBase } from './session.ts'

export interface Loaded<T> {
  value: T | undefined
  cause: unknown
  isLoading: boolean
  /** Asks again; what is shown stays until then. */
  reload: () => void
}

/** `key` says what is asked for: what was shown of another one is forgotten. */
export function useLoad<T>(key: string, load: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const full = `${apiBase.value} ${key}`
  const [state, setState] = useState<{ key: string; value?: T; cause?: unknown }>({ key: full })
  const [version, setVersion] = useState(0)
  const latest = useRef(load)
  latest.current = load
  useEffect(() => {
    const controller = new AbortController()
    latest.current(controller.signal).then(
      (value) => !controller.signal.aborted && setState({ key: full, value }),
      (cause: unknown) =>
        !controller.signal.aborted &&
        setState((before) => ({ ...(before.key === full ? before : {}), key: full, cause }))
    )
    return () => controller.abort()
  }, [full, version])
  const reload = useCallback(() => setVersion((before) => before + 1), [])
  const isCurrent = state.key === full
  const value = isCurrent ? state.value : undefined
  const cause = isCurrent ? state.cause : undefined
  return { value, cause, isLoading: value === undefined && cause === undefined, reload }
}
