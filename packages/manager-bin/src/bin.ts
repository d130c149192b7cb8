#!/usr/bin/env node
import { withNeededNode } from '@cachewarmer/service/cli/node-version'

withNeededNode('cachewarmer-manager', () => import('./main.ts'))
