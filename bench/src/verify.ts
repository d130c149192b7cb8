import { verify } from '@cachewarmer/walker/verify'
import { GeneratedServer } from './nfs-lab.ts'
import { count, printTable, seconds } from './table.ts'

/** Proof of warmth of one address behind 40 ms: listing the tree and the sample, all that `cachewarmer-submit verify` waits for. */
export async function benchVerify(options: { readonly rounds: number; readonly quick: boolean }): Promise<void> {
  const files = options.quick ? 20_000 : 200_000
  await using server = await GeneratedServer.start(files, files / 1_000)
  const { hosts, nfsPort, mountPort } = await server.behind(40)
  const rows: string[][] = []
  for (let round = 1; round <= options.rounds; round += 1) {
    const startedAtMs = performance.now()
    const warmth = await verify({
      addresses: hosts,
      exportPath: '/export',
      paths: ['/data'],
      nfs: { nfsPort, mountPort },
    })
    const elapsedMs = performance.now() - startedAtMs
    if (!warmth.complete || warmth.population !== files)
      throw new Error(`${warmth.population} of ${files} files listed`)
    const { whole } = warmth
    const [address] = warmth.addresses
    rows.push([
      String(round),
      count(files),
      count(address?.sampled ?? 0),
      seconds(elapsedMs),
      whole.conclusive ? ((whole.high - whole.low) * 50).toFixed(2) : "can't tell",
    ])
  }
  printTable(
    'Verify, one address behind 40 ms, from nothing to the answer',
    ['round', 'files listed', 'sampled', 'time', 'points to either side'],
    rows,
  )
}
