#!/usr/bin/env node
import { runMain } from '@cachewarmer/service/cli'
import { bootstrap } from './bootstrap.ts'
import { runCommandLine } from './config.ts'
import { warm } from './one-shot/warm.ts'
import { plan } from './plan.ts'
import { serve } from './serve.ts'
import { version } from './version.ts'

void runMain('cachewarmer-manager', () =>
  runCommandLine(process.argv.slice(2), version, { serve, plan, warm, bootstrap }),
)
