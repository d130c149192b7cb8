import type { Simulated } from './simulate.ts'

/** What must hold after every run, whatever happened in it. Returns what does not, in words. */
export function violations({
  status,
  tree,
  reads,
  addresses,
  workersLeft,
  queuesLeft,
  jobsLeft,
  failed,
}: Simulated): string[] {
  const wrong: string[] = []
  const expect = (what: string, got: unknown, wanted: unknown): void => {
    if (got !== wanted) wrong.push(`${what}: got ${String(got)}, expected ${String(wanted)}`)
  }
  const { counts } = status.progress
  expect('outcome', status.outcome, tree.denied.size > 0 ? 'completed with failures' : 'warmed')
  expect('files', counts.files, tree.files.size)
  expect(
    'bytes',
    counts.bytes,
    [...tree.files.values()].reduce((sum, size) => sum + size, 0),
  )
  expect('directories', counts.directories, tree.directories)
  // A large file whose ranges went to several items fails once in each: what is exact is which files failed where.
  expect('failed files', failed, tree.denied.size * addresses.length)
  for (const address of addresses) {
    expect(`files through ${address}`, counts.mounts[address]?.files ?? 0, tree.files.size)
    const unread = [...tree.files].filter(([path, size]) => !reads.covers(address, path, size))
    if (unread.length > 0)
      wrong.push(`${unread.length} files were not read through ${address}, such as ${JSON.stringify(unread[0])}`)
  }
  expect('workers left', workersLeft, 0)
  expect('queues of the run left', queuesLeft.join(' '), '')
  expect('jobs left', jobsLeft, 0)
  return wrong
}
