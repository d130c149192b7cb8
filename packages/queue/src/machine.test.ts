import { expect, test } from 'vitest'
import { bootId, readBootId, steadyMs } from './machine.ts'

const absent = (): never => {
  throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
}

test('on Linux the boot id tells starts apart, and time namespaces', () => {
  const read = (file: string): string => (file === '/proc/sys/kernel/random/boot_id' ? 'f00d-1\n' : absent())
  expect(readBootId({ read, link: absent, sysctl: absent })).toBe('f00d-1')
  expect(readBootId({ read, link: () => 'time:[4026531834]', sysctl: absent })).toBe('f00d-1 time:[4026531834]')
})

test('on macOS the session of the kernel does', () => {
  const sysctl = (name: string): string => (name === 'kern.bootsessionuuid' ? 'CAFE-2\n' : absent())
  expect(readBootId({ read: absent, link: absent, sysctl })).toBe('CAFE-2')
})

test('where nothing tells them apart there is none', () => {
  expect(readBootId({ read: absent, link: absent, sysctl: absent })).toBeUndefined()
  expect(readBootId({ read: () => '\n', link: absent, sysctl: absent })).toBeUndefined()
})

test('this machine’s is the same each time, and its clock does not go back', () => {
  expect(bootId()).toBe(bootId())
  const before = steadyMs()
  expect(Number.isInteger(before)).toBe(true)
  expect(steadyMs()).toBeGreaterThanOrEqual(before)
})
