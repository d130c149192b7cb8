import { useEffect, useState } from 'preact/hooks'

/** What the manager answered other than what was asked for. `status` 0: it can't be reached. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

const tokenKey = 'cachewarmer-token'
const requestMs = 10_000

/** Kept for this tab alone, and gone with it. */
export const keepToken = (token: string): void => sessionStorage.setItem(tokenKey, token)

/** Asks the manager. A token travels in a header that no other site's page can set, so that there is no cookie to ride on. */
export async function ask(
  path: string,
  { body, signal }: { body?: unknown; signal?: AbortSignal } = {},
): Promise<Response> {
  const token = sessionStorage.getItem(tokenKey)
  const late = AbortSignal.timeout(requestMs)
  let response: Response
  try {
    response = await fetch(path, {
      signal: signal === undefined ? late : AbortSignal.any([signal, late]),
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new ApiError(0, 'The manager does not answer.')
  }
  if (!response.ok) throw new ApiError(response.status, await reasonOf(response))
  return response
}

async function reasonOf(response: Response): Promise<string> {
  try {
    const { error } = (await response.json()) as { error?: unknown }
    if (typeof error === 'string') return error
  } catch {
    // Something between us and the manager answered in its own words.
  }
  return `The answer was ${response.status} ${response.statusText}`
}

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
