/** One listener for each signal, however many calls carry it: a walk has thousands of calls and one signal. */
export class SignalWatch {
  private readonly watched = new Map<AbortSignal, { count: number; readonly listener: () => void }>()
  private readonly aborted: (signal: AbortSignal) => void

  constructor(aborted: (signal: AbortSignal) => void) {
    this.aborted = aborted
  }

  add(signal: AbortSignal): void {
    const known = this.watched.get(signal)
    if (known !== undefined) {
      known.count++
      return
    }
    const listener = (): void => this.aborted(signal)
    this.watched.set(signal, { count: 1, listener })
    signal.addEventListener('abort', listener)
  }

  remove(signal: AbortSignal): void {
    const known = this.watched.get(signal)
    if (known === undefined || --known.count > 0) return
    signal.removeEventListener('abort', known.listener)
    this.watched.delete(signal)
  }
}
