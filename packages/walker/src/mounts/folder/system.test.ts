import { expect, test } from 'vitest'
import { fromErrno } from './system.ts'

test.for([
  ['ENOENT', 'NOT_FOUND'],
  ['EACCES', 'ACCESS_DENIED'],
  ['EPERM', 'ACCESS_DENIED'],
  ['ELOOP', 'NOT_A_FILE'],
  ['EISDIR', 'NOT_A_FILE'],
  ['ENXIO', 'NOT_A_FILE'],
  ['EAGAIN', 'NOT_A_FILE'],
  ['ESPIPE', 'NOT_A_FILE'],
  ['ENOTDIR', 'NOT_A_DIRECTORY'],
  ['ESTALE', 'STALE'],
  ['EIO', 'IO'],
  ['ETIMEDOUT', 'TIMEOUT'],
  ['EHOSTDOWN', 'MOUNT_DOWN'],
  ['ENAMETOOLONG', 'NAME_TOO_LONG'],
  ['EMFILE', 'OTHER'],
] as const)('%s is %s', ([errno, code]) => {
  const cause = Object.assign(new Error(`${errno}: it did not work`), { code: errno })
  expect(fromErrno(cause, '/a')).toMatchObject({ code, cause, message: `/a: ${errno}` })
})

test('an error without a code keeps its text', () => {
  expect(fromErrno(new Error('odd'), '/a')).toMatchObject({ code: 'OTHER', message: '/a: odd' })
})
