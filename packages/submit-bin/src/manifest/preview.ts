/** What a message shows of a value: short, in printable ASCII. */
export function preview(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  const text = JSON.stringify(value) ?? 'nothing'
  const cut = text.length > 80 ? `${text.slice(0, 80)}...` : text
  return cut.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
