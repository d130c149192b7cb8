export type { ServiceUnderTest, TestRunner } from './conformance.ts'
export { describeQueueService } from './conformance.ts'
export type { FakeClock, FakeClockOptions } from './fake-clock.ts'
export { fakeClock } from './fake-clock.ts'
