import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { refuseNetworkFile } from './filesystem.ts'

describe('refuseNetworkFile', () => {
  test.each([
    [0x6969, 'NFS'],
    [0x517b, 'SMB'],
    [0xfe534d42, 'SMB2'],
    [0xff534d42, 'CIFS'],
    [0x65735546, 'FUSE'],
    [0x01021997, '9P'],
    // 32-bit kernels give it with its sign.
    [0xff534d42 | 0, 'CIFS'],
  ])('type %i is refused as %s', (type, name) => {
    const check = () => refuseNetworkFile('/mnt/share/queues.db', () => ({ type }))
    expect(check).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
    expect(check).toThrow(`file must be on a local filesystem, not on ${name}, got "/mnt/share/queues.db"`)
  })

  test.each([
    [0xef53, 'ext4'],
    [0x58465342, 'XFS'],
    [0x9123683e, 'Btrfs'],
    [0x01021994, 'tmpfs'],
    [0x794c7630, 'overlayfs'],
  ])('type %i (%s) is fine', (type) => {
    expect(() => refuseNetworkFile('queues.db', () => ({ type }))).not.toThrow()
  })

  test('asks for the folder, as the file may not be there yet', () => {
    const asked: string[] = []
    refuseNetworkFile('/var/lib/queues.db', (path) => {
      asked.push(path)
      return { type: 0xef53 }
    })
    expect(asked).toEqual(['/var/lib'])
  })

  test('this machine’s temporary folder is fine, one that is not there is not', () => {
    expect(() => refuseNetworkFile(join(tmpdir(), 'absent.db'))).not.toThrow()
    expect(() => refuseNetworkFile(join(tmpdir(), 'absent', 'x.db'))).toThrow(/ENOENT/)
  })
})
