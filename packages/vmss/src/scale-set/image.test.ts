import { describe, expect, test } from 'vitest'
import { checkImage, parseImage, vfxtControllerImage } from './image.ts'

const gallery = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/mine/images/worker'

describe('parseImage', () => {
  test('reads the four parts that Azure lists', () => {
    expect(parseImage('Canonical:ubuntu-24_04-lts:server:latest')).toEqual({
      publisher: 'Canonical',
      offer: 'ubuntu-24_04-lts',
      sku: 'server',
      version: 'latest',
    })
  })

  test('reads an image of the marketplace with its plan, such as the controller of vFXT', () => {
    expect(parseImage('microsoft-avere:vfxt:avere-vfxt-controller:latest', { plan: true })).toEqual(vfxtControllerImage)
  })

  test.each([
    gallery,
    `${gallery}/versions/1.2.3`,
    '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/images/worker',
  ])('reads %s', (id) => {
    expect(parseImage(id)).toEqual({ id })
  })

  test.each(['', 'ubuntu', 'a:b:c', 'a:b:c:d:e', 'a::c:d', 'a:b:c:d e', '/images/x', `${gallery}/extra`])(
    'refuses %j',
    (text) => {
      expect(() => parseImage(text)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
    },
  )

  test('a plan is checked like the image', () => {
    const plan = { name: 'a b', publisher: 'p', product: 'o' }
    expect(() => checkImage('image', { ...vfxtControllerImage, plan })).toThrow('image.plan.name: must be')
  })
})
