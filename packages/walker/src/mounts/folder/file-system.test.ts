import { expect, test } from 'vitest'
import { traitsOf } from './file-system.ts'

const mounts = `22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:30 / /mnt/v3 rw shared:2 - nfs 10.0.0.1:/export rw,vers=3
31 22 0:31 / /mnt/v4 rw - nfs4 10.0.0.1:/export rw,vers=4.1
32 22 0:32 / /mnt/with\\040space rw shared:4 master:7 - fuse.sshfs host:/ rw
33 22 0:33 / /data rw - xfs /dev/sdb rw
34 33 0:34 / /data/inner rw - fuse.gcs bucket rw
35 22 0:35 / /mnt/v3extra rw - nfs4 host:/ rw
36 22 0:36 / /over rw - ext4 /dev/sdc rw
37 36 0:37 / /over rw - fuse.late x rw
`

test.for([
  ['/home/x', 'closes tells ends', 'the root file system'],
  ['/mnt/v3', 'closes', 'NFSv3, which has no CLOSE'],
  ['/mnt/v3/deep/down', 'closes', 'below it'],
  ['/mnt/v4', '', 'NFSv4, which sends CLOSE and waits'],
  ['/mnt/v4/below', '', 'below it'],
  ['/mnt/with space', '', 'FUSE, under a name with a space'],
  ['/data', '', 'something that waits is mounted further down'],
  ['/data/other', 'closes tells ends', 'beside that'],
  ['/over', '', 'mounted over, and the last mount counts'],
  ['/mnt', '', 'others are mounted below'],
  ['/', '', 'everything is mounted below'],
] as const)('%s %s: %s', ([folder, expected]) => {
  const { closesAtOnce, tellsAllKinds, shortReadsEnd } = traitsOf(folder, mounts)
  expect([closesAtOnce && 'closes', tellsAllKinds && 'tells', shortReadsEnd && 'ends'].filter(Boolean).join(' ')).toBe(
    expected,
  )
})

test('an unknown file system is trusted with nothing', () => {
  expect(traitsOf('/', '')).toEqual({ closesAtOnce: false, tellsAllKinds: false, shortReadsEnd: false })
  expect(traitsOf('/x', 'nonsense\n\n - \n')).toEqual({
    closesAtOnce: false,
    tellsAllKinds: false,
    shortReadsEnd: false,
  })
})
