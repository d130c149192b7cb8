import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { startGanesha } from '../../test/support/ganesha.ts'
import { releaseFolder } from '../src/release.ts'

/*
 * A network with a filer and nothing else, and the administrator's machine in it:
 *
 *   unshare --net --mount node packaging/test/administrator-machine.ts EXPORTED_FOLDER OUT
 */
const [folder = '', out = ''] = process.argv.slice(2)
execFileSync('ip', ['link', 'set', 'lo', 'up'])
const filer = await startGanesha({ folder })
if (filer === undefined) throw new Error('nfs-ganesha is not installed')
const administrator = spawn('bash', [fileURLToPath(new URL('administrator.sh', import.meta.url))], {
  env: {
    OUT: out,
    EXPORT: folder,
    RELEASE: releaseFolder,
    NFS_PORT: String(filer.nfsPort),
    MOUNT_PORT: String(filer.mountPort),
  },
  stdio: ['ignore', 'inherit', 'inherit'],
})
const [code] = (await once(administrator, 'close')) as [number | null]
await filer.stop()
process.exit(code ?? 1)
