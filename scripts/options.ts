import { type ParseArgsConfig, parseArgs } from 'node:util'

/** Options of a script of this repository. What it does not know ends it with exit code 2, before anything is done. */
export function options<T extends ParseArgsConfig>(script: string, config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config)
  } catch (error) {
    if (!(error instanceof TypeError) || !('code' in error) || !String(error.code).startsWith('ERR_PARSE_ARGS'))
      throw error
    // Node adds advice about positional arguments, which no script needs.
    const [problem = ''] = error.message.split('. To specify')
    process.stderr.write(`npm run ${script}: ${problem}; see CONTRIBUTING.md\n`)
    process.exit(2)
  }
}
