import type { QueueLimits } from './transport.ts'

/** The limits of Azure Storage Queues, which every driver keeps, so that a message fits wherever it is moved. */
export const queueLimits: QueueLimits = {
  maxBodyBytes: 65_536,
  maxReceive: 32,
  maxPeek: 32,
  maxLeaseMs: 7 * 24 * 3_600_000,
}
