import { runMain } from '@cachewarmer/service/cli'
import { runCommandLine } from './command-line.ts'
import { version } from './version.ts'

void runMain('cachewarmer-manager', () => runCommandLine(process.argv.slice(2), version))
