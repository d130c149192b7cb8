#!/usr/bin/env -S node --max-semi-space-size=16 --no-parallel-scavenge --heap-growing-percent=70
import './thread-pool.ts'
import { runMain } from '@cachewarmer/service/cli'
import { workerCommand } from './command.ts'
import { version } from './version.ts'

void runMain('cachewarmer-worker', () => workerCommand(process.argv.slice(2), version))
