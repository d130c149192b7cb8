/*
 * Lists everything below a path of an NFS export and reads every file, without mounting anything:
 *
 *   node examples/list-and-read.ts 'nfs://filer/animation?uid=1000&gid=100' /scene1
 *
 * One call brings names, sizes and handles of a whole page of a directory; all files of a page are read at once, over
 * one connection. Nothing of what is read is kept.
 */
import { type DirectoryEntry, isNfsError, mountExport, type NfsExport, parseNfsUrl, readRange } from '@cachewarmer/nfs'

const [url, start = '/'] = process.argv.slice(2)
const total = { files: 0, bytes: 0, failures: 0 }

async function visit(mounted: NfsExport, directory: string): Promise<void> {
  const below: string[] = []
  const { handle } = await mounted.resolve(directory)
  for await (const page of mounted.list(handle)) {
    const files = page.entries.filter(({ attributes }) => attributes?.type === 'file')
    await Promise.all(files.map((entry) => read(mounted, directory, entry)))
    below.push(...page.entries.filter(({ attributes }) => attributes?.type === 'directory').map(({ name }) => name))
  }
  for (const name of below) await visit(mounted, `${directory}/${name}`)
}

async function read(mounted: NfsExport, directory: string, { name, handle }: DirectoryEntry): Promise<void> {
  try {
    if (handle === undefined) throw new Error('the server gave no handle')
    const { bytes } = await readRange(mounted, handle)
    total.files++
    total.bytes += bytes
    console.log(String(bytes).padStart(12), JSON.stringify(`${directory}/${name}`))
  } catch (error) {
    total.failures++
    console.error(`${directory}/${name}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

if (url === undefined) {
  console.error("usage: node examples/list-and-read.ts 'nfs://HOST/EXPORT?uid=0&gid=0' [PATH]")
  process.exit(2)
}
try {
  await using mounted = await mountExport(parseNfsUrl(url))
  const began = performance.now()
  await visit(mounted, start.replace(/\/+$/, ''))
  const seconds = (performance.now() - began) / 1000
  console.log(`${total.files} files, ${total.bytes} bytes, ${total.failures} failures in ${seconds.toFixed(2)} s`)
  process.exitCode = total.failures > 0 ? 1 : 0
} catch (error) {
  if (!isNfsError(error)) throw error
  console.error(error.message)
  process.exitCode = error.code === 'URL_INVALID' || error.code === 'OPTION_INVALID' ? 2 : 1
}
