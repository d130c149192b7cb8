export type { FakeClock, FakeClockOptions } from './fake-clock.ts'
export { fakeClock } from './fake-clock.ts'
