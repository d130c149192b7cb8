import { expect, test } from 'vitest'
import { goesElsewhere, traitsOf } from './file-system.ts'

const mounts = `22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:30 / /mnt/v3 rw shared:2 - nfs 10.0.0.1:/export rw,vers=3
41 22 0:41 / /mnt/krb ro - nfs 10.0.0.1:/export ro,vers=3,sec=krb5p
31 22 0:31 / /mnt/v4 ro - nfs4 10.0.0.2:/export ro,vers=4.1,rsize=65536,sec=sys,addr=10.0.0.1
32 22 0:32 / /mnt/with\\040space rw shared:4 master:7 - fuse.sshfs host:/ rw
33 22 0:33 / /data rw - xfs /dev/sdb rw
34 33 0:34 / /data/inner rw - fuse.gcs bucket rw
35 22 0:35 / /mnt/v3extra rw - nfs4 host:/ rw
38 22 0:38 / /mnt/smb rw - cifs //filer/share rw,vers=3.1.1,rsize=4194304
39 22 0:39 / /mnt/lustre rw - lustre 10.0.0.9@tcp:/work rw
40 22 0:40 / /mnt/virt rw - virtiofs tag rw
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

const mib = 1_048_576

test.for([
  ['/mnt/v3', 'NFSv3', true, mib / 4, [], 'NFSv3'],
  ['/mnt/krb', 'NFSv3 krb5p', true, mib / 4, [], 'NFSv3 with Kerberos'],
  ['/mnt/v4/deep', 'NFSv4.1', true, 65_536, [], 'NFSv4.1, which reads 64 KiB per call'],
  ['/mnt/smb', 'cifs', true, mib / 4, [], 'CIFS, where it is tried'],
  ['/mnt/lustre', 'lustre', true, mib / 4, [], 'Lustre, where it is tried'],
  ['/mnt/with space', 'fuse.sshfs', false, mib / 4, ['fuse'], 'FUSE, whose daemon answers'],
  ['/mnt/virt', 'virtiofs', false, mib / 4, ['fuse'], 'FUSE of a virtual machine'],
  ['/home/x', 'ext4', false, mib / 4, ['local'], 'a disk of this machine'],
  ['/data', 'xfs', false, mib / 4, ['fuse'], 'a disk of this machine, with FUSE mounted further down'],
  ['/mnt', 'ext4', true, 65_536, ['fuse'], 'a folder of mounts'],
] as const)(
  '%s is %s, read past the page cache: %s, first %d bytes, doubts %j: %s',
  ([folder, protocol, direct, firstBytes, doubts]) => {
    const traits = traitsOf(folder, mounts)
    expect({ ...traits, direct: traits.direct !== 0 }).toMatchObject({ protocol, direct, firstBytes, doubts })
  },
)

test.for([
  ['10.0.0.2', 'vers=4.1,addr=10.0.0.1', true],
  ['10.0.0.1', 'vers=4.1,addr=10.0.0.1', false],
  ['fd12::2', 'vers=4.2,addr=fd12::1', true],
  ['fd12:0::1', 'vers=4.2,addr=fd12::1', false],
  ['10.0.0.2', 'vers=4.2,addr=fd12::1', true],
  ['10.0.0.1', 'vers=3', false],
  ['filer', 'vers=4.1,addr=10.0.0.1', false],
] as const)('calls for %s of a mount with %s go elsewhere: %s', ([asked, options, expected]) => {
  const traits = traitsOf('/mnt', `31 22 0:31 / /mnt ro - nfs4 filer:/export ro,${options}\n`)
  expect([goesElsewhere(asked, traits), traits.connection]).toEqual([expected, '0:31'])
})

test('what is no NFS has no connection', () => {
  const traits = traitsOf('/mnt', '31 22 0:31 / /mnt ro - cifs //10.0.0.1/x ro,addr=10.0.0.1\n')
  expect([goesElsewhere('10.0.0.2', traits), traits.connection]).toEqual([false, undefined])
})

test('an unknown file system is trusted with nothing', () => {
  const nothing = { closesAtOnce: false, tellsAllKinds: false, shortReadsEnd: false, protocol: 'unknown', doubts: [] }
  expect(traitsOf('/', '')).toMatchObject(nothing)
  expect(traitsOf('/x', 'nonsense\n\n - \n')).toMatchObject(nothing)
})
