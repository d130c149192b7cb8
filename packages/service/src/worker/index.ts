/*
 * worker   takes items of all runs of a prefix, walks and reads them, and reports what became of each
 * attempt  one try at an item, with a random id; only its result makes it count
 */

export { workerName } from '../worker-name.ts'
export type { AccessOptions, DirectOptions } from './access/access.ts'
export { folderAccess, openAccess } from './access/access.ts'
export type { KernelOptions } from './access/kernel.ts'
export type { MachineOptions, MachinePorts, Stopping } from './machine/machine.ts'
export { Machine } from './machine/machine.ts'
export type { MountOpener, WorkerOptions, WorkerPorts } from './ports.ts'
export type { WorkerSignals, WorkerSummary } from './run-worker.ts'
export { runWorker } from './run-worker.ts'
