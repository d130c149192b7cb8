import { writeFile } from 'node:fs/promises'
import { onShutdown, runMain, steadyClock, systemFiles, systemRandom } from '@cachewarmer/service/cli'
import { run } from './program.ts'
import { version } from './version.ts'

void runMain(
  'cachewarmer-submit',
  () =>
    run(process.argv.slice(2), version, {
      stdout: process.stdout,
      stderr: process.stderr,
      environment: process.env,
      // A change of the wall clock must end no wait.
      clock: steadyClock,
      random: systemRandom,
      ...systemFiles,
      writeFile: (file, content) => writeFile(file, content),
      listen: () => onShutdown({ drainMs: 0 }),
    }),
  // A list that was given up in its middle must not keep the program.
).finally(() => process.stdin.destroy())
