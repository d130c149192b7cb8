/** A worker's default name: its machine and its process. */
export const workerName = (hostName: string, pid: number): string => `${hostName}-${pid}`

/** The host name of a worker's machine, from its name; of a worker that was given another name, that name. */
export const machineOfWorker = (name: string): string => name.replace(/-\d+$/, '')
