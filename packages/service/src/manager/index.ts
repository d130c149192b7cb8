/*
 * manager  takes jobs, runs each to its end, keeps the ledger, and sees that there are workers
 * run      one execution of a job
 * ledger   the manager's fold of results; it alone decides that a run is done
 * fleet    what runs workers
 * board    what is known of all runs at this moment, for whoever looks
 */

export { releasedFiles } from './bootstrap/released-files.ts'
export { signer } from './bootstrap/sign.ts'
export { writeBootstrap } from './bootstrap/write-bootstrap.ts'
export { openAzureFleet, resolveFleet, scaleSetOfLeader } from './fleet/azure-fleet.ts'
export { azureOptions, legacyAzureFlags, speaksOfMachines } from './fleet/azure-options.ts'
export type { Fleet } from './fleet/fleet.ts'
export { noFleet } from './fleet/fleet.ts'
export type { LocalFleetOptions } from './fleet/local-fleet.ts'
export { localFleet } from './fleet/local-fleet.ts'
export { mayHoldSecret, workerEnvironment } from './fleet/worker-environment.ts'
export type { Ledger, RunRecord, RunTotals } from './ledger/ledger.ts'
export { isLedgerError } from './ledger/ledger-error.ts'
export { ledgerFile } from './ledger/ledger-place.ts'
export { openLedger } from './ledger/sqlite-ledger.ts'
export type { ManagerOptions, ManagerPorts } from './ports.ts'
export type { MachinePrice } from './run/warming-estimate.ts'
export { runManager } from './run-manager.ts'
export type { StatusSource } from './view/board.ts'
export { Board } from './view/board.ts'
export { statusOptions, statusPlace } from './view/options.ts'
export { serveStatus } from './view/serve-status.ts'
export type { StatusServer, StatusServerOptions } from './view/server.ts'
export { openStatusServer } from './view/server.ts'
export { steeringBy } from './view/steering.ts'
