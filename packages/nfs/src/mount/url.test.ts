import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isNfsError } from '../errors.ts'
import { parseNfsUrl } from './url.ts'

test.each([
  ['nfs://filer/a', { host: 'filer', exportPath: '/a' }],
  ['NFS://filer/a/b/', { host: 'filer', exportPath: '/a/b' }],
  ['nfs://filer/', { host: 'filer', exportPath: '/' }],
  ['nfs://filer:2050/a', { host: 'filer', exportPath: '/a', nfsPort: 2050 }],
  ['nfs://10.0.0.1//a?', { host: '10.0.0.1', exportPath: '/a' }],
  ['nfs://[::1]:2049/a?mountport=20048', { host: '::1', exportPath: '/a', nfsPort: 2049, mountPort: 20048 }],
  [
    'nfs://filer/a?uid=0&gid=4294967295&nfsport=1&mountport=65535',
    { host: 'filer', exportPath: '/a', uid: 0, gid: 4294967295, nfsPort: 1, mountPort: 65535 },
  ],
  ['nfs://filer/a%20b%3Fc%25', { host: 'filer', exportPath: '/a b?c%' }],
  ['nfs://filer/n%C3%A4h', { host: 'filer', exportPath: '/näh' }],
  ['nfs://filer/näh', { host: 'filer', exportPath: '/näh' }],
  ['nfs://filer/x%ffy', { host: 'filer', exportPath: '/x\udcffy' }],
])('%s', (url, expected) => {
  expect(parseNfsUrl(url)).toEqual(expected)
})

test.each([
  [''],
  ['nfs'],
  ['nfs://'],
  ['nfs:///a'],
  ['nfs://filer'],
  ['nfs://filer?uid=1'],
  ['http://filer/a'],
  ['nfs:/filer/a'],
  [' nfs://filer/a'],
  ['nfs://filer/a#b'],
  ['nfs://user@filer/a'],
  ['nfs://user:secret@filer/a'],
  ['nfs://fi ler/a'],
  ['nfs://fi\nler/a'],
  ['nfs://fi\u0000ler/a'],
  ['nfs://[::1/a'],
  ['nfs://::1/a'],
  ['nfs://[filer/]/a'],
  ['nfs://filer:/a'],
  ['nfs://filer:0/a'],
  ['nfs://filer:65536/a'],
  ['nfs://filer:2049x/a'],
  ['nfs://filer:-1/a'],
  ['nfs://filer:1e3/a'],
  ['nfs://filer/a/../b'],
  ['nfs://filer/a/%2e%2e/b'],
  ['nfs://filer/a%00'],
  ['nfs://filer/a%'],
  ['nfs://filer/a%zz'],
  ['nfs://filer/a?uid'],
  ['nfs://filer/a?uid='],
  ['nfs://filer/a?uid=-1'],
  ['nfs://filer/a?uid=root'],
  ['nfs://filer/a?uid=4294967296'],
  ['nfs://filer/a?uid=1&uid=2'],
  ['nfs://filer:2049/a?nfsport=2050'],
  ['nfs://filer/a?version=4'],
  ['nfs://filer/a?__proto__=1'],
])('%j is refused with an example of a good one', (url) => {
  expect(() => parseNfsUrl(url)).toThrow(
    expect.objectContaining({ code: 'URL_INVALID', message: expect.stringContaining('nfs://HOST') }),
  )
})

test('a URL that is refused does not tell its password', () => {
  expect(() => parseNfsUrl('nfs://user:secret@filer/a')).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining('secret') }),
  )
})

test('any text is taken or refused, and never with a control character in the host', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl()), (rest) => {
      try {
        const { host, exportPath } = parseNfsUrl(`nfs://${rest.replace(/^https?:\/\//, '')}`)
        expect(host).toMatch(/^[\w.:%-]+$/)
        expect(exportPath).toMatch(/^\//)
      } catch (error) {
        if (!isNfsError(error)) throw error
        expect(error.code).toBe('URL_INVALID')
      }
    }),
  )
})
