/** `Standard_D2s_v3`: family `D`, cores 2, features `s`, version 3. */
const sizePattern = /^Standard_([A-Z]+)(\d+)(?:-(\d+))?([a-z]*)(?:_[A-Za-z0-9]+)*?(?:_v(\d+))?$/

export const isMachineSize = (size: string): boolean => /^Standard_[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*$/.test(size)

/**
 * Whether Azure offers accelerated networking for a size, by the rule of its documentation: not for families A and B
 * (before v2), from two cores up for v2, from four cores up for hyper-threaded v3 and v4, always from v5 on. Asking for
 * it where it is missing fails the whole scale set, so a size of unknown form counts as without.
 */
export function hasAcceleratedNetworking(size: string): boolean {
  const [, family = '', cores = '0', , , version = '1'] = sizePattern.exec(size) ?? []
  if (family === '' || family === 'A') return false
  const generation = Number(version)
  if (family === 'B') return generation >= 2
  if (generation >= 5) return true
  if (generation >= 3) return Number(cores) >= 4
  return generation === 2 && Number(cores) >= (family === 'F' || family === 'E' ? 4 : 2)
}
