import { writeFileSync } from 'node:fs'
import { schemaFiles } from '../src/schemas.ts'

for (const [name, text] of schemaFiles()) writeFileSync(new URL(`../schema/${name}`, import.meta.url), text)
