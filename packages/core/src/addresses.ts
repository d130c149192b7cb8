/*
 * What a mount address may be. Only spelling is checked: whether a name resolves is for the workers to find out.
 */

export const ADDRESS_EXPECTED = 'an IPv4 address, an IPv6 address without zone, or a host name'

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/** The address in lower case, without brackets, spaces and the dot at the end; undefined for what is none. */
export function parseAddress(text: string): string | undefined {
  const address = text.trim().toLowerCase()
  if (address.includes(':')) {
    const bare = /^\[(.*)\]$/.exec(address)?.[1] ?? address
    return isIpv6(bare) ? bare : undefined
  }
  const name = address.endsWith('.') ? address.slice(0, -1) : address
  const labels = name.split('.')
  // A name whose last label is a number is meant as an IPv4 address: resolvers take it for one.
  if (/^\d+$/.test(labels.at(-1) ?? '')) return isIpv4(address) ? address : undefined
  return name.length <= 253 && labels.every((label) => LABEL.test(label)) ? name : undefined
}

/** Four decimal numbers; one with a leading 0 is refused, as some programs read it as octal. */
function isIpv4(text: string): boolean {
  const numbers = text.split('.')
  return numbers.length === 4 && numbers.every((number) => /^(0|[1-9]\d{0,2})$/.test(number) && Number(number) <= 255)
}

/** RFC 4291 section 2.2, all three forms. */
function isIpv6(text: string): boolean {
  const halves = text.split('::')
  if (halves.length > 2) return false
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')))
  const last = groups.at(-1) ?? ''
  const embedded = last.includes('.') && text.endsWith(last)
  if (embedded && !isIpv4(last)) return false
  const hexadecimal = embedded ? groups.slice(0, -1) : groups
  const count = hexadecimal.length + (embedded ? 2 : 0)
  return hexadecimal.every((group) => /^[0-9a-f]{1,4}$/.test(group)) && (halves.length === 2 ? count < 8 : count === 8)
}
