/* How a job is described on a command line: for programs that take the same options as `cachewarmer-submit`. */

export { type Files, systemFiles } from './cli/files.ts'
export { type JobSettings, jobOptions } from './cli/job-options.ts'
export { type ReadRequest, readJob } from './cli/read-job.ts'
export { endCode } from './cli/wait.ts'
