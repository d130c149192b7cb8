#!/usr/bin/env -S node --max-semi-space-size=16 --no-parallel-scavenge --heap-growing-percent=70
import './thread-pool.ts'
import { withNeededNode } from '@cachewarmer/service/cli/node-version'

withNeededNode('cachewarmer-worker', () => import('./main.ts'))
