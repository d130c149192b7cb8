/*
 * service   an account (Azure), a file (SQLite) or a process (memory) that holds queues
 * queue     a named list of messages; delivery is at least once and in no promised order
 * message   a body of printable ASCII, and a count of its deliveries
 * lease     the right to work on a message for a while: renewed, lost, completed or given back
 * depth     how many messages a queue holds, leased ones included; late, and never proof of anything
 */

export type { RetryOptions } from './backoff.ts'
export type { Clock, MachineClock } from './clock.ts'
export { sleep, steadyClock, systemClock } from './clock.ts'
export type { ConsumeOptions, ConsumeSummary } from './consume.ts'
export { consume } from './consume.ts'
export type { QueueErrorCode } from './errors.ts'
export { isQueueError, orIfAbsent, QueueError } from './errors.ts'
export type { ConsumeEventSink, ConsumeEvents } from './events.ts'
export type { KeepLeaseOptions, LeaseKeeper } from './lease-keeper.ts'
export { keepLease } from './lease-keeper.ts'
export { queueLimits } from './limits.ts'
export type { MemoryOptions } from './memory/memory-service.ts'
export { memoryService } from './memory/memory-service.ts'
export type { Log, Logger, Random } from './ports.ts'
export { silentLogger } from './ports.ts'
export { withRetry } from './retry.ts'
export type {
  CallOptions,
  Lease,
  PeekedMessage,
  Queue,
  QueueLimits,
  QueueService,
  ReceiveOptions,
  SendOptions,
  SentMessage,
} from './transport.ts'
export type { Fate, Handler, Outcome } from './work.ts'
