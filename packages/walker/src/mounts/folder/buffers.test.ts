import { expect, test } from 'vitest'
import { Buffers, largeBytes, smallBytes } from './buffers.ts'

/** Takes a small buffer, and says whether it came at once. */
function taken(buffers: Buffers): { buffer: Buffer | undefined } {
  const held: { buffer: Buffer | undefined } = { buffer: undefined }
  buffers.take((buffer) => {
    held.buffer = buffer
  })
  return held
}

test('a buffer that was given back is used again', () => {
  const buffers = new Buffers()
  const { buffer } = taken(buffers)
  buffers.give(buffer as Buffer)
  expect(taken(buffers).buffer).toBe(buffer)
  expect(buffers.bytes).toBe(smallBytes)
})

test('large buffers leave room for small ones, and are refused beyond their share', () => {
  const buffers = new Buffers({ most: 2 * largeBytes, mostLarge: largeBytes })
  expect(buffers.takeLarge()?.length).toBe(largeBytes)
  expect(buffers.takeLarge()).toBeUndefined()
  expect(taken(buffers).buffer?.length).toBe(smallBytes)
})

test('reads beyond the bound wait for a buffer, and get it in their order', () => {
  const buffers = new Buffers({ most: 2 * smallBytes, mostLarge: 0 })
  const held = [taken(buffers), taken(buffers), taken(buffers), taken(buffers)]
  expect(held.map(({ buffer }) => buffer !== undefined)).toEqual([true, true, false, false])
  buffers.give(held[0]?.buffer as Buffer)
  expect(held.map(({ buffer }) => buffer !== undefined)).toEqual([true, true, true, false])
  buffers.give(held[1]?.buffer as Buffer)
  expect(held[3]?.buffer?.length).toBe(smallBytes)
  expect(buffers.bytes).toBe(2 * smallBytes)
})

test('kept buffers of one size make room for the other', () => {
  const buffers = new Buffers({ most: largeBytes + smallBytes, mostLarge: largeBytes })
  const large = buffers.takeLarge() as Buffer
  const small = taken(buffers)
  const waits = taken(buffers)
  expect(waits.buffer).toBeUndefined()
  buffers.give(large)
  expect(waits.buffer?.length).toBe(smallBytes)
  buffers.give(waits.buffer as Buffer)
  expect(buffers.takeLarge()?.length).toBe(largeBytes)
  expect(buffers.takeLarge()).toBeUndefined()
  expect(buffers.bytes).toBe(largeBytes + (small.buffer?.length ?? 0))
})
