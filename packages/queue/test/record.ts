import type { ConsumeObserver } from '../src/consume/observer.ts'

export type Told = [name: keyof ConsumeObserver, ...args: unknown[]]

/** An observer that passes on everything it hears. */
export function recorder(record: (told: Told) => void): Required<ConsumeObserver> {
  const hear =
    (name: keyof ConsumeObserver) =>
    (...args: unknown[]): void =>
      record([name, ...args])
  return {
    started: hear('started'),
    completed: hear('completed'),
    givenBack: hear('givenBack'),
    failed: hear('failed'),
    deadLettered: hear('deadLettered'),
    lost: hear('lost'),
    receiveFailed: hear('receiveFailed'),
  }
}
