import { directory, file, generated, startNfsServer, type TreeDirectory } from '@cachewarmer/nfs/testing'

/*
 * An NFS server in a process of its own, over a tree that exists nowhere: what no file system here could hold.
 * `generated-server.ts FILES DIRECTORIES`; says where it is as JSON, then serves until it is killed.
 */
const [files = 0, directories = 1] = process.argv.slice(2).map(Number)
const leaf = file(1_024)
const each = (count: number): TreeDirectory => generated(count, 'f', () => leaf)
const tree = directories === 1 ? each(files) : generated(directories, 'd', () => each(files / directories))
const server = await startNfsServer({ tree: directory({ data: tree }) })
console.log(JSON.stringify(server.address))
