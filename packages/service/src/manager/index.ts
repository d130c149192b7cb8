/*
 * manager  takes jobs, runs each to its end, keeps the ledger, and sees that there are workers
 * run      one execution of a job
 * ledger   the manager's fold of results; it alone decides that a run is done
 * fleet    what runs workers
 * store    what is known of all runs at this moment, for the page and the metrics
 */

export { releasedFiles, signer } from './bootstrap/released-files.ts'
export { writeBootstrap } from './bootstrap/write-bootstrap.ts'
export { checkFleet, openAzureFleet, resolveFleet, scaleSetOfLeader } from './fleet/azure-fleet.ts'
export type { AzureConfig } from './fleet/azure-options.ts'
export { azureOptions, legacyAzureFlags, speaksOfMachines } from './fleet/azure-options.ts'
export type { LocalFleetOptions } from './fleet/local-fleet.ts'
export { localFleet, mayHoldSecret, workerEnvironment } from './fleet/local-fleet.ts'
export type { Ledger, RunRecord, RunTotals } from './ledger/ledger.ts'
export { isLedgerError } from './ledger/ledger.ts'
export { ledgerFile, openLedger } from './ledger/sqlite-ledger.ts'
export type { Fleet, ManagerOptions, ManagerPorts } from './ports.ts'
export { noFleet } from './ports.ts'
export type { MachinePrice } from './run/expected.ts'
export type { ResolveName } from './run/names.ts'
export { runManager } from './run-manager.ts'
export type { StatusConfig } from './view/place.ts'
export { statusOptions, statusPlace } from './view/place.ts'
export type { StatusServer, StatusServerOptions } from './view/server.ts'
export { openStatusServer, serveStatus } from './view/server.ts'
export type { StatusSource } from './view/status-store.ts'
export { StatusStore } from './view/status-store.ts'
export { steeringBy } from './view/steering.ts'
