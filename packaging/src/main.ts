import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { signer } from '@cachewarmer/service/manager'
import { options } from '../../scripts/options.ts'
import { root } from './bundle.ts'
import { buildRelease, releaseFolder } from './release.ts'

const help = `Usage: npm run package -- [--out DIR] [--sign-key FILE]

Builds what is released, for Linux on this machine's processor: every program in one file, as an executable that needs
nothing (cachewarmer) and as a bundle for Node 24.15 or newer (cachewarmer.mjs); with Terraform and documents, a bill of
materials, licences and checksums.

  --out DIR        default: ${releaseFolder}
  --sign-key FILE  OpenSSH private key to sign SHA256SUMS with (ssh-keygen asks for its passphrase)
`

const { values } = options('package', {
  options: { out: { type: 'string' }, 'sign-key': { type: 'string' }, help: { type: 'boolean', default: false } },
})
if (values.help) {
  process.stdout.write(help)
} else if (process.platform !== 'linux') {
  process.stderr.write(`npm run package: executables are for Linux, and this is ${process.platform}\n`)
  process.exitCode = 2
} else {
  const named = (path: string): string => resolve(process.env['INIT_CWD'] ?? root, path)
  const folder = values.out === undefined ? releaseFolder : named(values.out)
  const key = values['sign-key']
  const { version, files } = await buildRelease(folder, {
    say: (line) => process.stderr.write(`${line}\n`),
    ...(key === undefined ? {} : { sign: signer(named(key)) }),
  })
  for (const name of files) {
    const { size } = await stat(join(folder, name))
    process.stdout.write(`${(size / 2 ** 20).toFixed(2).padStart(8)} MiB  ${name}\n`)
  }
  process.stdout.write(`CacheWarmer ${version} in ${folder}\n`)
}
