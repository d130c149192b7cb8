import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { unfitFilesystem } from './filesystem.ts'

describe('unfitFilesystem', () => {
  test.each([
    [0x6969, 'NFS'],
    [0x517b, 'SMB'],
    [0xfe534d42, 'SMB2'],
    [0xff534d42, 'CIFS'],
    [0x65735546, 'FUSE'],
    [0x01021997, '9P'],
    // 32-bit kernels give it with its sign.
    [0xff534d42 | 0, 'CIFS'],
  ])('type %i is unfit, as %s', (type, name) => {
    expect(unfitFilesystem('/mnt/share/queues.db', () => ({ type }))).toBe(name)
  })

  test.each([
    [0xef53, 'ext4'],
    [0x58465342, 'XFS'],
    [0x9123683e, 'Btrfs'],
    [0x01021994, 'tmpfs'],
    [0x794c7630, 'overlayfs'],
  ])('type %i (%s) is fine', (type) => {
    expect(unfitFilesystem('queues.db', () => ({ type }))).toBeUndefined()
  })

  test('asks for the folder, as the file may not be there yet', () => {
    const asked: string[] = []
    unfitFilesystem('/var/lib/queues.db', (path) => {
      asked.push(path)
      return { type: 0xef53 }
    })
    expect(asked).toEqual(['/var/lib'])
  })

  test('follows a link to where the file is', () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cw-link-')))
    try {
      mkdirSync(join(folder, 'share'))
      writeFileSync(join(folder, 'share', 'queues.db'), '')
      symlinkSync(join(folder, 'share', 'queues.db'), join(folder, 'queues.db'))
      const type = (path: string) => ({ type: path === join(folder, 'share') ? 0x6969 : 0xef53 })
      expect(unfitFilesystem(join(folder, 'queues.db'), type)).toBe('NFS')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('this machine’s temporary folder is fine, one that is not there is not', () => {
    expect(unfitFilesystem(join(tmpdir(), 'absent.db'))).toBeUndefined()
    expect(() => unfitFilesystem(join(tmpdir(), 'absent', 'x.db'))).toThrow(/ENOENT/)
  })
})
