/*
 * worker   takes items of all runs of a prefix, walks and reads them, and reports what became of each
 * attempt  one try at an item, with a random id; only its result makes it count
 */

export { defaultFolderTemplate, folderAccess } from './folder-access.ts'
export type { MountOpener, WorkerOptions, WorkerPorts } from './ports.ts'
export type { WorkerSignals, WorkerSummary } from './run-worker.ts'
export { runWorker } from './run-worker.ts'
