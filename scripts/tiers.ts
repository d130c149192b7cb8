/*
 * Tests come in two tiers, and the name of a file says which it is in:
 *
 *   x.test.ts         light   `npm test`: what matters for a change, in minutes, on any machine with Node
 *   x.heavy.test.ts   heavy   `npm run test:all`: takes a Debian package, root, a browser, a release, or a minute
 */

export type Tier = 'light' | 'heavy'

/** The environment variable that chooses a tier; both run where it is not set. */
export const tierVariable = 'CACHEWARMER_TIER'

const heavy = '**/*.heavy.test.ts'

/** The files of a tier, for vitest. */
export function tierGlobs(tier: Tier | undefined): { include: string[]; exclude: string[] } {
  const never = ['**/node_modules/**', '**/dist/**']
  if (tier === 'heavy') return { include: [heavy], exclude: never }
  return { include: ['**/*.test.ts'], exclude: tier === 'light' ? [...never, heavy] : never }
}
