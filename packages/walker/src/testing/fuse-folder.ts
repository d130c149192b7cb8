import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FuseFile } from './fuse-server.ts'

/** Why no file system in user space can be mounted here; undefined: it can. */
export function fuseMissing(): string | undefined {
  if (process.getuid?.() !== 0) return 'mounting needs root'
  return existsSync('/dev/fuse') ? undefined : 'there is no /dev/fuse'
}

/** Mounts a folder of these files, served by a process of its own. */
export async function fuseFolder(
  files: readonly FuseFile[],
): Promise<{ folder: string; dispose: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'cachewarmer-fuse-'))
  const program = fileURLToPath(new URL('fuse-server.ts', import.meta.url))
  const server = spawn(process.execPath, [program, folder, JSON.stringify(files)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(server, 'exit')
  await Promise.race([
    once(server.stdout, 'data'),
    exited.then(() => Promise.reject(new Error('no file system was mounted'))),
  ])
  return {
    folder,
    dispose: async () => {
      spawnSync('umount', ['-l', '--', folder])
      server.kill('SIGKILL')
      await exited
      await rmdir(folder)
    },
  }
}
