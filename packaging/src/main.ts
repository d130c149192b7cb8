import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { options } from '../../scripts/options.ts'
import { root } from './bundle.ts'
import { buildRelease, releaseFolder } from './release.ts'

const help = `Usage: npm run package -- [--out DIR]

Builds what is released, for Linux on this machine's processor: every program in one file, as an executable that needs
nothing (cachewarmer) and as a bundle for Node 24.15 or newer (cachewarmer.mjs); with a bill of materials, licences and
checksums.

  --out DIR   default: ${releaseFolder}
`

const { values } = options('package', {
  options: { out: { type: 'string' }, help: { type: 'boolean', default: false } },
})
if (values.help) {
  process.stdout.write(help)
} else if (process.platform !== 'linux') {
  process.stderr.write(`npm run package: executables are for Linux, and this is ${process.platform}\n`)
  process.exitCode = 2
} else {
  const folder = values.out === undefined ? releaseFolder : resolve(process.env['INIT_CWD'] ?? root, values.out)
  const { version, files } = await buildRelease(folder, (line) => process.stderr.write(`${line}\n`))
  for (const name of files) {
    const { size } = await stat(join(folder, name))
    process.stdout.write(`${(size / 2 ** 20).toFixed(2).padStart(8)} MiB  ${name}\n`)
  }
  process.stdout.write(`CacheWarmer ${version} in ${folder}\n`)
}
