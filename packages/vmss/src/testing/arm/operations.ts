/** How Azure reports on an operation. */
export type OperationStatus =
  | { readonly status: 'InProgress' | 'Succeeded' }
  | { readonly status: 'Failed' | 'Canceled'; readonly error: ArmFailure }

export interface ArmFailure {
  readonly code: string
  readonly message: string
}

interface Running {
  readonly target: string
  finish(status: OperationStatus): void
}

/** What Azure works on in the background. It ends by itself, also when no client polls. */
export class Operations {
  readonly #ms: number
  readonly #status = new Map<string, OperationStatus>()
  readonly #running = new Map<string, Running>()
  #held: { readonly until: Promise<void>; release(): void } | undefined

  constructor(ms: number) {
    this.#ms = ms
  }

  /**
   * Begins an operation on `target` and ends one that is under way on it. `work` runs after a while, and what it returns
   * is why the operation failed, if it did.
   */
  begin(target: string, work: () => Promise<ArmFailure | undefined>): string {
    this.preempt(target)
    const id = `operation-${this.#status.size + 1}`
    this.#status.set(id, { status: 'InProgress' })
    const stop = new AbortController()
    this.#running.set(id, {
      target,
      finish: (status) => {
        this.#status.set(id, status)
        this.#running.delete(id)
        stop.abort()
      },
    })
    void this.#run(id, stop.signal, work)
    return id
  }

  get(id: string): OperationStatus | undefined {
    return this.#status.get(id)
  }

  /** What is under way on `target` ends as if it had never been asked for. */
  preempt(target: string): void {
    const error = {
      code: 'OperationPreempted',
      message: 'Operation execution has been preempted by a more recent operation.',
    }
    for (const running of this.#running.values()) {
      if (running.target === target) running.finish({ status: 'Canceled', error })
    }
  }

  /** Operations stay in progress until `release()`. */
  hold(): void {
    if (this.#held) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#held = { until: promise, release: resolve }
  }

  release(): void {
    this.#held?.release()
    this.#held = undefined
  }

  close(): void {
    this.release()
    for (const running of this.#running.values())
      running.finish({ status: 'Canceled', error: { code: 'Closed', message: '' } })
  }

  async #run(id: string, signal: AbortSignal, work: () => Promise<ArmFailure | undefined>): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#ms)
      signal.addEventListener('abort', () => {
        clearTimeout(timer)
        resolve()
      })
    })
    await this.#held?.until
    if (signal.aborted) return
    const error = await work()
    this.#running.get(id)?.finish(error ? { status: 'Failed', error } : { status: 'Succeeded' })
  }
}
