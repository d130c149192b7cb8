import { useEffect, useState } from 'preact/hooks'
import { ApiError, ask } from './api.ts'

export interface Polled<T> {
  readonly data: T | undefined
  readonly error: ApiError | undefined
  /** Asks again at once. */
  readonly again: () => void
}

/**
 * What the manager says under `path`, asked for again and again while the page can be seen. What it said last stays
 * while it does not answer; another path forgets it.
 */
export function usePolled<T>(path: string | undefined, everyMs: number): Polled<T> {
  const [said, setSaid] = useState<{ path: string; data: T }>()
  const [error, setError] = useState<ApiError>()
  const [round, setRound] = useState(0)
  useEffect(() => {
    if (path === undefined) return undefined
    const ending = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const look = async (): Promise<void> => {
      clearTimeout(timer)
      try {
        if (!document.hidden) {
          const data = (await (await ask(path, { signal: ending.signal })).json()) as T
          setSaid({ path, data })
          setError(undefined)
        }
      } catch (failure) {
        if (ending.signal.aborted) return
        setError(failure instanceof ApiError ? failure : new ApiError(0, 'The manager said something unreadable.'))
      }
      if (!ending.signal.aborted) timer = setTimeout(() => void look(), everyMs)
    }
    const seen = (): void => {
      if (!document.hidden) void look()
    }
    document.addEventListener('visibilitychange', seen)
    void look()
    return () => {
      ending.abort()
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', seen)
    }
  }, [path, everyMs, round])
  return {
    data: said !== undefined && said.path === path ? said.data : undefined,
    error,
    again: () => setRound((n) => n + 1),
  }
}
