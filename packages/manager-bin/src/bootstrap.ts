import { realpathSync, statSync } from 'node:fs'
import { chmod, mkdir } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { isSea } from 'node:sea'
import { exitCode, UsageError } from '@cachewarmer/service/cli'
import { releasedFiles, signer, writeBootstrap } from '@cachewarmer/service/manager'
import { Command } from '@commander-js/extra-typings'

export const bootstrapCommand = () =>
  new Command('bootstrap')
    .description(
      'Writes the folder that an NFS export serves to machines without internet: programs, install scripts, services.\n' +
        'Run again, it upgrades the folder in one step; installations under way are not disturbed.',
    )
    .requiredOption('--out <folder>', 'the folder to write, made if it does not exist')
    .option('--from <folder>', 'the release to take the programs from (default: where this program is)')
    .option('--sign-key <file>', 'OpenSSH private key to sign SHA256SUMS with (ssh-keygen asks for its passphrase)')
    .option('--bundles', 'bundles for a Node that the machines have, instead of executables', false)
    .addHelpText(
      'after',
      `
Examples
  cachewarmer-manager bootstrap --out /srv/nfs/bootstrap
  cachewarmer-manager bootstrap --out /mnt/filer/bootstrap --from ./cachewarmer-0.1.0`,
    )

export type BootstrapSettings = ReturnType<ReturnType<typeof bootstrapCommand>['opts']>

/** `cachewarmer-manager bootstrap`: the folder that an NFS export serves to machines without internet. */
export async function bootstrap(settings: BootstrapSettings): Promise<number> {
  if (settings.out.trim() === '') throw new UsageError('--out: expected a folder, got an empty text')
  const out = resolve(settings.out)
  const from = resolve(settings.from ?? ownFolder())
  if (statSync(out, { throwIfNoEntry: false })?.isDirectory() === false)
    throw new UsageError(`--out ${out}: expected a folder, and this is a file`)
  const released = await releasedFiles(from, settings.bundles)
  await makeReadable(out)
  const sign = settings.signKey === undefined ? undefined : signer(resolve(settings.signKey))
  const { release, before } = await writeBootstrap(out, released, sign)
  const what = before === undefined ? 'is' : before === release ? 'was already' : `replaces ${before}:`
  process.stdout.write(`${release} ${what} in ${out}. Export it read-only; ${out}/README.md has the next steps.\n`)
  return exitCode.ok
}

/** Makes a folder that machines may read through an export that squashes root, whatever the umask is. */
async function makeReadable(out: string): Promise<void> {
  const first = await mkdir(out, { recursive: true })
  if (first === undefined) return
  for (let made = out; made.length >= first.length; made = dirname(made)) await chmod(made, 0o755)
}

/** Where this program is: a release has its files side by side. */
const ownFolder = (): string => dirname(isSea() ? process.execPath : realpathSync(process.argv[1] ?? '.'))
