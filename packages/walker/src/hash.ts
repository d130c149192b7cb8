/** FNV-1a, 32 bit, over the path's UTF-16 code units: the same path goes to the same mount on every machine. */
export function hashPath(path: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < path.length; at++) hash = Math.imul(hash ^ path.charCodeAt(at), 0x01000193)
  return hash >>> 0
}
