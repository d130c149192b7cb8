import { describe, expect, expectTypeOf, test } from 'vitest'
import { memoryService } from '../drivers/memory.ts'
import { type Codec, decodeBody, jsonCodec, send, textCodec } from './codec.ts'

async function aQueue() {
  const service = memoryService()
  await service.create('work')
  return service.queue('work')
}

const bodyOf = async (value: unknown): Promise<string | undefined> => {
  const queue = await aQueue()
  await send(queue, value)
  return (await queue.peek({ max: 1 }))[0]?.body
}

describe('jsonCodec', () => {
  const codec = jsonCodec()

  test.each([
    { file: 'Käse.jpg' },
    'line\r\nline\tand \u0000 and \u007f',
    '<a href="x">&amp;</a>',
    '😀 and a lone \ud83d surrogate',
    [1, null, true, { deep: [''] }],
    0,
  ])('%j comes back as it was sent, in printable ASCII', async (value) => {
    const body = (await bodyOf(value)) ?? ''
    expect(body).toMatch(/^[ -~]+$/)
    expect(body).not.toMatch(/[<>&]/)
    expect(codec.decode(body)).toEqual(value)
  })

  test('a body is short: ASCII is written as it is', () => {
    expect(codec.encode({ file: '/a b.jpg' })).toBe('{"file":"/a b.jpg"}')
    expect(codec.encode('é')).toBe(String.raw`"\u00e9"`)
  })

  test.each([[undefined], [() => {}], [10n], [Symbol('no')]])('%s is refused, with the reason', async (value) => {
    const queue = await aQueue()
    await expect(send(queue, value)).rejects.toMatchObject({
      code: 'BODY_INVALID',
      message: expect.stringMatching(/^work: the value can't be written: ./),
    })
  })

  test('what the check returns is the value, and what it throws is the reason', () => {
    const sizes = jsonCodec((value) => {
      if (typeof value !== 'number') throw new Error('expected a number')
      return value * 2
    })
    expect(decodeBody('work', sizes, '4')).toBe(8)
    expect(() => decodeBody('work', sizes, '"4"')).toThrow("work: the body can't be read: expected a number")
    expect(() => decodeBody('work', sizes, 'not json')).toThrow("the body can't be read")
  })
})

test('textCodec takes printable ASCII alone, and says what takes any text', async () => {
  const queue = await aQueue()
  await send(queue, 'as it is', { codec: textCodec })
  expect((await queue.peek({ max: 1 }))[0]?.body).toBe('as it is')
  await expect(send(queue, 'Käse', { codec: textCodec })).rejects.toMatchObject({
    code: 'BODY_INVALID',
    message: expect.stringContaining('send(queue, value) takes any text'),
  })
})

test('send passes on delays and the time to live', async () => {
  const queue = await aQueue()
  await send(queue, 'later', { delayMs: 60_000 })
  expect(await queue.peek({ max: 1 })).toEqual([])
  expect(await queue.approximateDepth()).toBe(1)
  await expect(send(queue, 'late', { delayMs: 5, ttlMs: 5 })).rejects.toMatchObject({ code: 'OPTION_INVALID' })
})

test('a value that is too large is named with its size', async () => {
  const queue = await aQueue()
  await expect(send(queue, 'é'.repeat(11_000))).rejects.toMatchObject({ code: 'BODY_TOO_LARGE' })
})

test('types follow the check', () => {
  expectTypeOf(jsonCodec((value) => String(value))).toEqualTypeOf<Codec<string>>()
  expectTypeOf(jsonCodec<{ file: string }>()).toEqualTypeOf<Codec<{ file: string }>>()
  expectTypeOf(jsonCodec()).toEqualTypeOf<Codec<unknown>>()
})
