import { expect, test } from 'vitest'
import { subjectProblem } from '../../scripts/check-commits.ts'

test.each([
  'walker: fail reads without progress',
  'core, queue: pass a clock',
  'docs/operators: bring the page up to date',
  'Version Packages',
  'Revert "walker: fail reads without progress"',
])('"%s" is a subject', (subject) => {
  expect(subjectProblem(subject)).toBeUndefined()
})

test.each([
  ['Move packages', 'expected "area: imperative"'],
  ['walker: Fail reads', 'expected "area: imperative"'],
  ['walker fails', 'expected "area: imperative"'],
  ['walker: fails reads', '"fails" is no imperative'],
  ['walker: failed reads', '"failed" is no imperative'],
  ['walker: failing reads', '"failing" is no imperative'],
  ['walker: fail reads.', 'full stop'],
  [`walker: ${'fail '.repeat(30)}`, 'at most 100'],
])('"%s" is none: %s', (subject, problem) => {
  expect(subjectProblem(subject)).toContain(problem)
})
