/*
 * service   an account (Azure), a file (SQLite) or a process (memory) that holds queues
 * queue     a named list of messages; delivery is at least once and in no promised order
 * message   a body of printable ASCII, and a count of its deliveries
 * lease     the right to work on a message for a while: renewed, lost, completed or given back
 * depth     how many messages a queue holds, leased ones included; late, and never proof of anything
 */

export type { Codec, SendValueOptions } from './consume/codec.ts'
export { jsonCodec, send, textCodec } from './consume/codec.ts'
export type { ConsumeSummary } from './consume/consume.ts'
export { consume } from './consume/consume.ts'
export type { Fate, Handler, HandlerContext, HandlerResult, Message, Outcome } from './consume/delivery.ts'
export type { KeepLeaseOptions, LeaseKeeper } from './consume/lease-keeper.ts'
export { keepLease } from './consume/lease-keeper.ts'
export type { ConsumeObserver } from './consume/observer.ts'
export type { ConsumeOptions, DeadLetters, Source } from './consume/options.ts'
export type { QueueWorker, WorkOptions } from './consume/work.ts'
export { work } from './consume/work.ts'
export type { MemoryOptions } from './drivers/memory.ts'
export { memoryService } from './drivers/memory.ts'
export type { Clock, MachineClock } from './port/clock.ts'
export { sleep, steadyClock, systemClock } from './port/clock.ts'
export type { QueueErrorCode } from './port/errors.ts'
export { isQueueError, orIfAbsent, QueueError } from './port/errors.ts'
export type {
  CallOptions,
  Lease,
  Log,
  Logger,
  PeekedMessage,
  Queue,
  QueueLimits,
  QueueService,
  Random,
  ReceiveOptions,
  SendOptions,
  SentMessage,
} from './port/queue.ts'
export { queueLimits, silentLogger } from './port/queue.ts'
export type { RetryOptions } from './port/retry.ts'
export { withRetry } from './port/retry.ts'
