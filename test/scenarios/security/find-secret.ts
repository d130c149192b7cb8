/** A text in the forms in which it may be written down. */
export const formsOf = (secret: string): string[] => [
  ...new Set([
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64'),
    JSON.stringify(secret).slice(1, -1),
  ]),
]

/** Where the secret stands among texts, named by their places. */
export function findSecret(secret: string, texts: ReadonlyMap<string, string>): string[] {
  const forms = formsOf(secret)
  return [...texts].filter(([, text]) => forms.some((form) => text.includes(form))).map(([place]) => place)
}
