import { expect, test } from 'vitest'
import { Notes } from './notes.ts'

test('keeps the ten newest, and says nothing twice', () => {
  const notes = new Notes()
  for (let note = 1; note <= 12; note += 1) notes.add(String(note))
  notes.add('12')
  notes.add('5')
  expect(notes.all).toEqual(['3', '4', '6', '7', '8', '9', '10', '11', '12', '5'])
})
