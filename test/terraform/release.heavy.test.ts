import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { Controller } from './controller.ts'

const unshare = process.getuid?.() === 0 && spawnSync('unshare', ['--mount', 'true']).status === 0
if (!unshare) console.log('SKIPPED: a release that Terraform installs, because mounting needs root')

const program = fileURLToPath(new URL('dist/cachewarmer.js', import.meta.resolve('@cachewarmer/manager/package.json')))

/** The folder of a release with the real program in it; it lies beside its Node instead of holding it. */
function release(folder: string): string {
  mkdirSync(folder)
  const files: Record<string, string> = {
    cachewarmer: `#!/bin/bash\nexec "${process.execPath}" "${program}" "$@"\n`,
    VERSION: '9.9.9\n',
    'THIRD-PARTY-LICENSES.txt': 'none\n',
    'sbom.cdx.json': '{}\n',
  }
  let sums = ''
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), text, { mode: 0o755 })
    sums += `${createHash('sha256').update(text).digest('hex')}  ${name}\n`
  }
  writeFileSync(join(folder, 'SHA256SUMS'), sums)
  return folder
}

test.skipIf(!unshare)(
  "a release goes through the bootstrap folder onto the controller, by the release's own install script",
  { timeout: 120_000 },
  async () => {
    using controller = new Controller()
    const prepare = {
      BOOTSTRAP_MOUNT_ADDRESS: '10.0.5.4',
      BOOTSTRAP_MOUNT_EXPORT: '/data',
      BOOTSTRAP_SUBDIR: '/tools/bootstrap',
      RELEASE_DIR: release(join(controller.folder, 'release')),
    }
    const prepared = await controller.run('prepare-bootstrapdir.sh', controller.settings(prepare))
    expect({ code: prepared.code, stderr: prepared.stderr }).toEqual({ code: 0, stderr: '' })

    const installed = join(controller.folder, 'root')
    mkdirSync(installed)
    controller.environment = { DESTDIR: installed }
    const settings = {
      INSTALL_SCRIPT: '/tools/bootstrap/bootstrap.cachewarmer-manager.sh',
      BOOTSTRAP_MOUNT_ADDRESS: '10.0.5.4',
      BOOTSTRAP_EXPORT_PATH: '/data',
      BOOTSTRAP_SCRIPT: '/tools/bootstrap/bootstrap.cachewarmer-worker.sh',
      STORAGE_ACCOUNT: 'studio',
      STORAGE_ACCOUNT_RESOURCE_GROUP: 'render',
      QUEUE_PREFIX: 'farm',
      VMSS_USERNAME: 'azureuser',
      VMSS_PASSWORD: 'Pa"5 $word',
      VMSS_WORKER_COUNT: '12',
      CACHEWARMER_WORKER_IDENTITY:
        '/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/worker',
    }
    const { code, stdout, stderr } = await controller.run('install-from-bootstrap.sh', controller.settings(settings))
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(stdout + stderr).not.toContain('Pa"5')
    const environment = join(installed, 'etc/cachewarmer/manager.env')
    expect((statSync(environment).mode & 0o777).toString(8)).toBe('600')
    const kept = readFileSync(environment, 'utf8')
    for (const name of [
      'QUEUE_PREFIX',
      'STORAGE_ACCOUNT',
      'VMSS_PASSWORD',
      'CACHEWARMER_WORKER_IDENTITY',
      'BOOTSTRAP_SCRIPT',
    ])
      expect(kept).toMatch(new RegExp(`^${name}=`, 'm'))
    expect(statSync(join(installed, 'usr/local/bin/cachewarmer-manager')).isFile()).toBe(true)
    expect(Controller.leftovers()).toEqual([])
  },
)
