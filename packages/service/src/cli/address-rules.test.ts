import { describe, expect, test } from 'vitest'
import { openResolver, systemAddresses } from './address-rules.ts'

const remote = openResolver({ loopback: false })
const local = openResolver({ loopback: true })

describe('an address of a job', () => {
  test.each(['10.0.1.11', '172.16.0.1', '192.168.1.1', '8.8.8.8', 'fd12::1', '2001:db8::1', '::ffff:10.0.1.11'])(
    'is taken: %s',
    async (address) => expect(await remote(address)).toEqual([address]),
  )

  test.each([
    ['169.254.169.254', 'link-local'],
    ['169.254.0.1', 'link-local'],
    ['fe80::1', 'link-local'],
    ['febf::1%eth0', 'link-local'],
    ['::ffff:169.254.169.254', 'link-local'],
    ['::ffff:a9fe:a9fe', 'link-local'],
    ['::a9fe:a9fe', 'link-local'],
    ['64:ff9b::169.254.169.254', 'link-local'],
    ['64:ff9b:1::a9fe:a9fe', 'link-local'],
    ['64:ff9b:1:2:3:4:169.254.169.254', 'link-local'],
    ['::ffff:0:169.254.169.254', 'link-local'],
    ['2002:a9fe:a9fe::1', 'link-local'],
    ['0:0:0:0:0:ffff:a9fe:a9fe', 'link-local'],
    ['168.63.129.16', "cloud's own services"],
    ['fd00:ec2::254', "cloud's own services"],
    ['0.0.0.0', 'no machine'],
    ['0.1.2.3', 'no machine'],
    ['::', 'no machine'],
    ['::ffff:0.0.0.0', 'no machine'],
    ['224.0.0.1', 'multicast'],
    ['239.255.255.255', 'multicast'],
    ['ff02::1', 'multicast'],
    ['255.255.255.255', 'broadcast'],
  ])('is refused with any queue: %s is %s', async (address, what) => {
    const refusal = { code: 'ADDRESS_REFUSED', message: expect.stringContaining(what) }
    await expect(remote(address)).rejects.toMatchObject(refusal)
    await expect(local(address)).rejects.toMatchObject(refusal)
    await expect(local(address)).rejects.toThrow(`--allow-address ${address} permits it`)
  })

  test.each(['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1', '64:ff9b::7f00:1'])(
    'on loopback is taken where the queue is a file of this machine, and there alone: %s',
    async (address) => {
      expect(await local(address)).toEqual([address])
      await expect(remote(address)).rejects.toThrow(/loopback address, and the queue is no file of this machine/)
    },
  )

  test('is judged after its name is resolved, and what is refused of several is left out', async () => {
    const names: Record<string, string[]> = { evil: ['169.254.169.254'], both: ['127.0.0.1', '10.0.0.1'], none: [] }
    const resolve = openResolver({ loopback: false }, async (host) => names[host] ?? [])
    await expect(resolve('evil')).rejects.toThrow('evil is 169.254.169.254: a link-local address')
    expect(await resolve('both')).toEqual(['10.0.0.1'])
    await expect(resolve('none')).rejects.toMatchObject({ code: 'ADDRESS_REFUSED' })
  })

  test('spelled as the system alone understands it is resolved by the system, and then judged', async () => {
    for (const spelled of ['localhost', '127.1', '2130706433'])
      await expect(remote(spelled)).rejects.toMatchObject({ code: 'ADDRESS_REFUSED' })
  })

  test('is taken where its range is allowed', async () => {
    const open = openResolver({ loopback: false, allowed: '127.0.0.0/8, ::1,fe80::/10' })
    for (const address of ['127.0.0.1', '::ffff:127.0.0.9', '::1', 'fe80::9'])
      expect(await open(address)).toEqual([address])
    await expect(open('169.254.169.254')).rejects.toThrow(/link-local/)
  })
})

test.each(['loopback', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '::/129', '10.0.0.0/-1'])(
  '%s is no range',
  (allowed) => expect(() => openResolver({ loopback: false, allowed })).toThrow(/^expected addresses or ranges/),
)

describe('the addresses of a host name', () => {
  test('are those that the system knows', async () => {
    expect(await systemAddresses('localhost')).toContain('127.0.0.1')
  })

  test('of a name that does not exist are an error that says so, or that no name server was reached', async () => {
    // RFC 6761, section 6.4: .invalid never exists.
    const code = await systemAddresses('cache.invalid').catch((error: NodeJS.ErrnoException) => error.code)
    expect(['ENOTFOUND', 'EAI_AGAIN']).toContain(code)
  })
})
