import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { schemaFiles } from '../src/schemas.ts'

/* Part of the build: the JSON Schemas that the package publishes, one file per message. */
const folder = new URL('../schema/', import.meta.url)
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder)
for (const [name, text] of schemaFiles()) writeFileSync(new URL(name, folder), text)
