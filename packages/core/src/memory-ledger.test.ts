import { describe, expect, test } from 'vitest'
import { memoryLedger } from './memory-ledger.ts'
import { describeLedger } from './testing/index.ts'

describeLedger({ describe, test, expect }, 'memory', memoryLedger)
