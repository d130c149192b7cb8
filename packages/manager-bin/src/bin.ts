#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { runMain } from '@cachewarmer/cli'
import { runCommandLine } from './config.ts'
import { warm } from './one-shot/warm.ts'
import { plan } from './plan.ts'
import { serve } from './serve.ts'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

await runMain('cachewarmer-manager', () => runCommandLine(process.argv.slice(2), version, { serve, plan, warm }))
