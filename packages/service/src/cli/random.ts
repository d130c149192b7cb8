import { randomBytes } from 'node:crypto'
import type { Random } from '@cachewarmer/queue'

/** Uniform in [0, 1), from the machine's entropy: run and attempt ids are made of it and may never repeat. */
export const systemRandom: Random = () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48
