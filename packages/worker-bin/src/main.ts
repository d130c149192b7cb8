import { runMain } from '@cachewarmer/service/cli'
import { workerCommand } from './command.ts'
import { version } from './version.ts'

void runMain('cachewarmer-worker', () => workerCommand(process.argv.slice(2), version))
