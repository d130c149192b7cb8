import type { FileUnderWay, Waiting } from '@cachewarmer/core'
import { printable } from './printable.ts'
import { bytes } from './units.ts'

/** /a/big.img (1 GiB of 20 GiB) */
export const fileUnderWay = ({ path, bytes: arrived, size }: FileUnderWay): string =>
  `${printable(path)} (${bytes(arrived)}${size === undefined ? '' : ` of ${bytes(size)}`})`

/** At most so many addresses by name. */
const namedAddresses = 3

/** What requests wait for: its ceiling, 10.0.1.12 */
export function waitingFor({ ceiling, addresses = [] }: Waiting): string {
  const more = addresses.length - namedAddresses
  return [
    ...(ceiling ? ['its ceiling'] : []),
    ...addresses.slice(0, namedAddresses).map(printable),
    ...(more > 0 ? [`${more} more ${more === 1 ? 'address' : 'addresses'}`] : []),
  ].join(', ')
}
