/** Which operation's details are open is state of the URL: `?entry=UID`. */
export const entryOf = (search: string) => new URLSearchParams(search).get('entry') ?? undefined

/** The same search with an operation's details open, or without any. */
export function withEntry(search: string, uid?: string): string {
  const parameters = new URLSearchParams(search)
  parameters.delete('entry')
  if (uid !== undefined) parameters.set('entry', uid)
  return parameters.toString()
}
