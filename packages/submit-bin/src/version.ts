import { readFileSync } from 'node:fs'

/** This package's version. A single-file build holds it as text: there no package.json is beside the program. */
export const version: string = (
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
).version
