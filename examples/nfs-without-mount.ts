/*
 * Looks into an NFS export without mounting it, as a container without privileges can:
 *
 *   node examples/nfs-without-mount.ts 'nfs://filer/animation?uid=1000&gid=100' ls /scene1
 *   node examples/nfs-without-mount.ts 'nfs://filer/animation?uid=1000&gid=100' cat /scene1/camera.xml
 *   node examples/nfs-without-mount.ts 'nfs://filer/animation?uid=1000&gid=100' copy /scene1/a.exr here.exr
 */
import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { isNfsError, mountExport, NfsFiles, parseNfsUrl } from '@cachewarmer/nfs'

const [url, command, path = '/', target] = process.argv.slice(2)
if (
  url === undefined ||
  !['ls', 'cat', 'copy'].includes(command ?? '') ||
  (command === 'copy') !== (target !== undefined)
) {
  console.error('usage: node examples/nfs-without-mount.ts nfs://HOST/EXPORT ls PATH | cat PATH | copy PATH FILE')
  process.exit(2)
}

try {
  await using mounted = await mountExport(parseNfsUrl(url))
  const fs = new NfsFiles(mounted)
  if (command === 'ls') {
    for await (const entry of await fs.opendir(path)) {
      const { size, mtime } = entry.stats
      const kind = entry.isDirectory() ? '/' : entry.isSymbolicLink() ? '@' : ''
      console.log(mtime.toISOString(), String(size).padStart(12), `${entry.name}${kind}`)
    }
  } else if (target !== undefined) {
    await pipeline(fs.createReadStream(path), createWriteStream(target, { flags: 'wx' }))
  } else {
    for await (const chunk of fs.chunks(path)) process.stdout.write(chunk)
  }
} catch (error) {
  if (!isNfsError(error)) throw error
  console.error(error.message)
  process.exitCode = error.code === 'URL_INVALID' || error.code === 'OPTION_INVALID' ? 2 : 1
}
