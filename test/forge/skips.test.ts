import { describe, expect, test } from 'vitest'
import { maySkipVariable, skippedInVain } from '../../scripts/count-reporter.ts'
import { readText, repositoryFiles } from '../support/repository.ts'

const ganesha = 'src/ganesha.test.ts > nfs-ganesha > reads'
const nfslab = "src/nfslab.test.ts > the kernel's server > reads"

test('under CI a skipped test is a failure, unless it is allowed by name', () => {
  expect(skippedInVain([ganesha, nfslab], {})).toEqual([])
  expect(skippedInVain([ganesha, nfslab], { CI: 'false' })).toEqual([])
  expect(skippedInVain([ganesha, nfslab], { CI: 'true' })).toEqual([ganesha, nfslab])
  expect(skippedInVain([ganesha, nfslab], { CI: 'true', [maySkipVariable]: '' })).toEqual([ganesha, nfslab])
  expect(skippedInVain([ganesha, nfslab], { CI: 'true', [maySkipVariable]: 'nfslab.test.ts > |other' })).toEqual([
    ganesha,
  ])
})

describe('the gate without nfslab', () => {
  const [, list = ''] = /CACHEWARMER_MAY_SKIP='([^']*)'/.exec(readText('.ci/run')) ?? []
  const tests = repositoryFiles('*.test.ts')

  test('still counts skips', () => {
    expect(readText('.ci/run')).not.toContain('CI=false')
  })

  test.each(list.split('|'))('allows "%s", which is there, and no more', (part) => {
    const file = part.replace(/ > $/, '')
    const found =
      file === part ? tests.filter((one) => readText(one).includes(part)) : tests.filter((one) => one.endsWith(file))
    expect(found).toHaveLength(1)
  })
})
